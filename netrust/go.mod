module github.com/netrust/netrust/netrust

go 1.26.0

require (
	github.com/netrust/netrust/cli v0.0.0
	github.com/netrust/netrust/lab v0.0.0
	github.com/netrust/netrust/libs v0.0.0
	github.com/netrust/netrust/schemas v0.0.0
	github.com/netrust/netrust/services/executor v0.0.0
	github.com/netrust/netrust/services/gateway v0.0.0
	github.com/netrust/netrust/services/scheduler v0.0.0
)

replace github.com/netrust/netrust/schemas => ../schemas

replace github.com/netrust/netrust/libs => ../libs

replace github.com/netrust/netrust/services/gateway => ../services/gateway

replace github.com/netrust/netrust/services/scheduler => ../services/scheduler

replace github.com/netrust/netrust/services/executor => ../services/executor

replace github.com/netrust/netrust/cli => ../cli

replace github.com/netrust/netrust/lab => ../lab
