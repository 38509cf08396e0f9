module github.com/netrust/netrust/libs

go 1.26.0

require github.com/netrust/netrust/schemas v0.0.0

replace github.com/netrust/netrust/schemas => ../schemas
