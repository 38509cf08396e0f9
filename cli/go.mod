module github.com/netrust/netrust/cli

go 1.26.0

require (
	filippo.io/age v1.3.2
	github.com/goccy/go-yaml v1.19.2
	github.com/netrust/netrust/libs v0.0.0
	github.com/rogpeppe/go-internal v1.16.0
	github.com/spf13/cobra v1.10.2
)

require (
	filippo.io/hpke v0.4.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/netrust/netrust/libs => ../libs

replace github.com/netrust/netrust/schemas => ../schemas
