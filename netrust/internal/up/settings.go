package up

import (
	"errors"
	"net"

	libprocess "github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/audit"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/gateway"
	"github.com/netrust/netrust/services/scheduler"
)

// Settings of everything in one process. In the environment they are NETRUST_LISTEN, NETRUST_EXECUTOR_<FIELD> and so on.
type Settings struct {
	Process    servicekit.ProcessSettings `yaml:",inline"`
	DataDir    string                     `yaml:"data_dir" help:"directory of all data; one process at a time uses it"`
	Listen     string                     `yaml:"listen" help:"loopback address of the HTTP API; port 0 takes a free one"`
	NATSListen string                     `yaml:"nats_listen" help:"loopback address of NATS, for services in other processes; port 0 takes a free one"`
	// NATS is used instead of an embedded server when its address is set.
	NATS libprocess.NATS `yaml:"nats"`

	Lab          bool     `yaml:"lab" help:"also run simulated devices, and import them"`
	LabDevices   int      `yaml:"lab_devices" help:"how many simulated devices"`
	LabPlatforms []string `yaml:"lab_platforms" help:"platforms of the simulated devices, dealt out in turn; empty: all"`
	LabPort      int      `yaml:"lab_port" help:"TCP port of the simulated devices; 0 takes a free one"`
	LabCommand   string   `yaml:"lab_command" help:"command that is run on the simulated devices at the start, as a job; empty: none"`

	Scheduler scheduler.Config `yaml:"scheduler"`
	Executor  executor.Config  `yaml:"executor"`
	Gateway   gateway.Config   `yaml:"gateway"`
	Audit     audit.Config     `yaml:"audit"`

	// Observe is how the process is watched; what it measures is shown at the API's address.
	Observe servicekit.Observe `yaml:"-"`
}

// Default settings: loopback only, the documented ports.
func Default(dataDir string) Settings {
	return Settings{
		Process: servicekit.DefaultProcess(), DataDir: dataDir,
		Listen: "127.0.0.1:7480", NATSListen: "127.0.0.1:0", NATS: libprocess.NATS{Replicas: 1},
		LabDevices: 24, LabPort: 2222,
		Scheduler: scheduler.Default(), Executor: executor.Default(), Gateway: gateway.Default(), Audit: audit.Default(),
	}
}

// Validate reports every fault of what is not a service's own.
func (s *Settings) Validate() error {
	var faults []error
	if s.DataDir == "" {
		faults = append(faults, servicekit.Fault("data_dir", "name a directory", "it is empty"))
	}
	host, _, err := net.SplitHostPort(s.Listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		faults = append(faults, servicekit.Fault("listen", "use one like 127.0.0.1:7480; to serve others, run netrust serve gateway behind TLS",
			"%q is not a loopback address", s.Listen))
	}
	if d := gateway.Default(); s.Gateway.Listen != d.Listen || s.Gateway.DataDir != d.DataDir {
		faults = append(faults, servicekit.Fault("gateway", "set listen and data_dir themselves", "its listen and data_dir follow from those of the whole"))
	}
	if s.Gateway.TLSCert != "" {
		faults = append(faults, servicekit.Fault("gateway.tls_cert", "leave it out, or run netrust serve gateway", "netrust up serves this machine alone, without TLS"))
	}
	if s.LabDevices < 1 {
		faults = append(faults, servicekit.Fault("lab_devices", "set it to 1 or more", "%d devices are no lab", s.LabDevices))
	}
	return errors.Join(faults...)
}
