package arch

import "strings"

// layer says which sibling packages a module may import besides its own.
type layer struct {
	// module is a folder, or a pattern whose last element is "*".
	module string
	// allow lists folders ("libs/contract" covers what is below it); "*" is everything.
	allow []string
	// inTests lists what test files may import in addition.
	inTests []string
	why     string
}

// layers is the order of the modules: who may import whom. A module that matches no line is itself a fault.
var layers = []layer{
	{module: "schemas", why: "schemas is what services say to each other; it imports no sibling"},
	{module: "plugins/sdk", why: "the plugin SDK is published alone; it imports no sibling"},
	{module: "lab", why: "the lab is a stranger to the product that it tests; it imports no sibling"},
	{module: "web", why: "the web UI hands out files; it imports no sibling"},
	{module: "libs", allow: []string{"schemas", "plugins/sdk"}, inTests: []string{"lab"},
		why: "libs import schemas (and the plugin SDK) only"},
	{module: "services/gateway", allow: []string{"schemas", "libs", "web"}, inTests: []string{"lab"},
		why: "services import schemas and libs, never each other; gateway also web"},
	{module: "services/*", allow: []string{"schemas", "libs"}, inTests: []string{"lab"},
		why: "services import schemas and libs, never each other"},
	{module: "cli", allow: []string{"libs/contract"}, why: "the CLI speaks to the gateway only: it imports libs/contract alone"},
	{module: "tools", allow: []string{"schemas"}, why: "tools import schemas only"},
	{module: "plugins/examples", allow: []string{"plugins/sdk"}, why: "example plugins import the SDK only"},
	{module: "netrust", allow: []string{"*"}},
	{module: "tests", allow: []string{"*"}},
}

// inside narrows what packages of one folder may import of their own module.
type inside struct {
	folder string
	allow  []string
	why    string
}

// inner is the order inside libs. A folder that is not listed may import all of its module.
var inner = []inside{
	{folder: "libs/contract", allow: []string{"libs/contract"}, why: "contract is the common language and knows nobody"},
	{folder: "libs/driver", allow: []string{"libs/driver", "libs/contract", "libs/credential", "libs/internal"},
		why: "a driver knows neither NATS nor the inventory"},
	{folder: "libs/jobspec", allow: []string{"libs/jobspec", "libs/contract", "libs/inventory", "libs/driver/platform", "libs/internal"},
		why: "jobspec decides from its arguments alone"},
	{folder: "libs/inventory", allow: []string{"libs/inventory", "libs/contract", "libs/credential", "libs/driver/platform", "libs/internal"},
		why: "inventory parses and compares; who stores it is the caller's matter"},
	{folder: "libs/textfsm", allow: []string{"libs/textfsm", "libs/driver/platform"},
		why: "templates turn text into records; who printed the text is the caller's matter"},
	{folder: "libs/credential", allow: []string{"libs/credential", "libs/contract", "libs/internal"},
		why: "credentials never meet the bus"},
}

// confinement says where a third-party library may be imported.
type confinement struct {
	// imports are import path prefixes.
	imports []string
	folders []string
	// inTests lists folders whose test files may import it too.
	inTests []string
	why     string
}

var confinements = []confinement{
	{imports: []string{"github.com/nats-io"}, folders: []string{"libs/bus", "libs/ledger", "libs/kvstore", "tests"},
		why: "JetStream is spoken by libs/bus, libs/ledger and libs/kvstore alone"},
	{imports: []string{"golang.org/x/crypto/ssh", "github.com/scrapli/scrapligo"}, folders: []string{"libs/driver", "lab", "tests"},
		inTests: []string{"services/executor"}, why: "SSH and NETCONF belong to libs/driver (and to the lab, the other end)"},
	{imports: []string{"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "database/sql"}, folders: []string{"services/gateway"},
		why: "the only database is the gateway's read view"},
	{imports: []string{"github.com/ClickHouse"}, folders: []string{"libs/clickhouse"},
		why: "ClickHouse is spoken by libs/clickhouse alone"},
	{imports: []string{"github.com/tetratelabs/wazero", "github.com/extism"}, folders: []string{"libs/plugin"},
		why: "the WASM runtime lives in libs/plugin"},
	{imports: []string{"github.com/dlclark/regexp2"}, folders: []string{"libs/textfsm"},
		why: "expressions that backtrack run under a time limit, in libs/textfsm; elsewhere regexp serves"},
	{imports: []string{"github.com/zalando/go-keyring"}, folders: []string{"libs/credential/oskeyring"},
		why: "the operating system's keyring opens the credentials file, and nothing else asks it"},
	{imports: []string{"github.com/danielgtaylor/huma"}, folders: []string{"services/gateway"},
		why: "HTTP is the gateway's edge"},
	{imports: []string{"github.com/prometheus", "go.opentelemetry.io"}, folders: []string{"libs/servicekit"}, inTests: []string{"tests"},
		why: "metrics and traces are made through libs/servicekit, which hands its registry and tracer on as values"},
	{imports: []string{"github.com/spf13/cobra"}, folders: []string{"cli", "netrust"},
		why: "commands for people are in cli and netrust; libraries and services take their settings as values"},
}

// ban keeps packages free of imports.
type ban struct {
	folders []string
	// imports are exact import paths, or prefixes when they end in "/".
	imports []string
	// testsToo extends the ban to test files, which otherwise may read files and open sockets.
	testsToo bool
	why      string
}

var bans = []ban{
	{folders: []string{"libs/contract", "libs/jobspec", "libs/driver/platform"},
		imports: []string{"net", "net/http", "net/rpc", "net/smtp", "os", "os/exec", "os/signal", "os/user", "io/ioutil", "syscall",
			"log", "log/slog", "log/syslog", "path/filepath", "golang.org/x/sys/"},
		why: "pure packages do no I/O: they decide from their arguments"},
	{folders: []string{"libs/contract", "libs/jobspec", "libs/inventory", "libs/driver/platform", "schemas"},
		imports: []string{"github.com/rs/zerolog", "github.com/rs/zerolog/"}, testsToo: true,
		why: "pure packages do not log: they return errors"},
}

// vagueNames hold anything, and soon do.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "constants", "manager", "misc", "shared"}

// covers reports whether folder is base or below it.
func covers(base, folder string) bool {
	return base == "*" || folder == base || strings.HasPrefix(folder, base+"/")
}

func coversAny(bases []string, folder string) bool {
	for _, b := range bases {
		if covers(b, folder) {
			return true
		}
	}
	return false
}

// layerOf finds the line of a module. Exact names come before patterns.
func layerOf(module string) (layer, bool) {
	for _, l := range layers {
		if l.module == module {
			return l, true
		}
	}
	for _, l := range layers {
		if base, ok := strings.CutSuffix(l.module, "/*"); ok && strings.HasPrefix(module, base+"/") {
			return l, true
		}
	}
	return layer{}, false
}
