module github.com/netrust/netrust/schemas

go 1.26.0
