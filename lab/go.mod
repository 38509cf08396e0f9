module github.com/netrust/netrust/lab

go 1.26.0
