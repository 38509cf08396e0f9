module github.com/netrust/netrust/tools

go 1.26.0
