// Package driver opens sessions to network devices and runs commands in them.
//
// It holds the words that drivers and their callers share: [Target], [Driver], [Session], [Registry], [Secret], and the
// typed errors. The drivers themselves are in sshdriver; they know neither NATS nor the inventory.
//
// What a session promises:
//   - Every wait has a deadline. A cancelled context ends the wait at once and closes the connection.
//   - A command is typed once. Whether anything can have happened on the device is said by the error ([EffectOf]).
//   - A question of the device ("[confirm]") is never answered. The command is aborted and refused.
//   - The text of a command is what the device printed for it: no echo, no prompt, no pager, no control sequences. It is
//     the same whether a terminal or an SSH exec carried it.
//   - Memory is bounded by [Target.MaxOutput], whatever the device sends.
//   - Nothing outlives Close: no goroutine, no connection.
//
// What it leaves to the caller: leases (one session per device), retries, redaction of what devices print, and to close
// every session that it opened.
package driver

import (
	"context"
	"time"
)

// Defaults of the fields of [Target] that are zero.
const (
	DefaultConnectTimeout = 20 * time.Second
	DefaultMaxOutput      = 16 << 20
)

// Target is a device as reached for one purpose.
type Target struct {
	DeviceID string // the inventory's id, for host keys and error texts
	Address  string // name or IP address
	Port     int    // 0: the platform's own
	Platform string // canonical name or alias

	Username     string
	Password     Secret
	EnableSecret Secret // IOS and EOS: raises a login that lands in user exec; empty: the session stays where it landed
	PrivateKey   Secret // PEM; when set it is the only thing offered, unless the server takes no keys
	Passphrase   Secret // of PrivateKey
	// AgentSocket is the Unix socket of the SSH agent that keeps the private key; empty: no agent is asked. AgentKey
	// chooses among its keys, by SHA256 fingerprint or comment; empty: the one key that it has.
	AgentSocket string
	AgentKey    string

	// Jump are the SSH servers to go through, the first one first. Of each only DeviceID (for error texts), address, port,
	// login and HostKeys count.
	Jump []Target

	HostKeys HostKeys // required; nothing is ever accepted unseen

	ConnectTimeout   time.Duration // for all from dialling to the first prompt; 0: DefaultConnectTimeout
	MaxOutput        int64         // bytes kept of one command's output; 0: DefaultMaxOutput
	LegacyAlgorithms bool          // also offer SHA-1 key exchange, CBC ciphers and ssh-rsa, for old devices
}

// HostKeys decides whether a device's host key is the one that it had. Package hostkey has one over known_hosts and one
// in memory; the executor has one over KV. It is used by several sessions at once. The address is written as in
// known_hosts: the host, or [host]:port when the port is not 22.
type HostKeys interface {
	// Algorithms lists the key types (ssh-ed25519, ssh-rsa, …) stored for the device, so that the server is asked for
	// one of those only; empty when none is stored. It must not block: it is called before each handshake.
	Algorithms(deviceID, address string) []string
	// Check returns nil when the key is the stored one, or is now stored on first use. It returns a *[HostKeyError] when
	// the key differs, is unknown and may not be learned, or could not be looked up.
	Check(ctx context.Context, deviceID, address string, key HostKey) error
}

// Driver opens sessions on one platform. It is safe for concurrent use.
type Driver interface {
	// Platform is the canonical name of the platform.
	Platform() string
	// Open connects, logs in, and readies the device's command line within t.ConnectTimeout. Its errors say Effect none:
	// nothing that was meant to act has been sent. The context bounds only the opening, not the session.
	Open(ctx context.Context, t Target, o OpenOptions) (Session, error)
}

// OpenOptions says what the caller means to do with a session, so that the driver can choose the cheapest way.
type OpenOptions struct {
	// Commands are all the commands that the caller means to run, in order, if it knows them. When all are in the
	// platform's grammar of reads, the driver may run them without a terminal. Run may nevertheless be called with others.
	Commands []string
	// Terminal makes the driver use a terminal whatever the commands are.
	Terminal bool
	// Keep says that the caller means to keep the session for later commands ([Kept]): the driver prefers a way after which it
	// is still open.
	Keep bool
}

// Session is an open command line on one device. Run may not be called by two goroutines at once: the second gets a
// [BusyError]. Close and Alive may be called at any time.
type Session interface {
	// Run types one command and waits for the device to be ready again. It refuses what is not one command before
	// anything is sent. After a timeout, a cancel, a lost connection or a lost step the session is closed, and every later
	// Run fails with Effect none. After a [RejectedError] the session goes on. The Output holds what came before the error.
	Run(ctx context.Context, c Command) (Output, error)
	// Prompt is the device's last prompt, without blanks around it; empty when no terminal was opened. It waits for a
	// command that runs.
	Prompt() string
	// Alive reports whether the connection is not known to be lost. It sends nothing.
	Alive() bool
	// Close ends the session at once, and returns when all of it is gone. The second call does nothing.
	Close() error
}

// Command is one line to type.
type Command struct {
	Text    string
	Timeout time.Duration // from the first byte sent to the prompt; 0: only the context bounds it
	// Sink gets the output while it comes, in whole lines with their line ends (a line of over 64 KiB comes in parts).
	// What it gets adds up to Output.Text. It is called from Run, which waits for it, and may not keep the slice.
	Sink func(lines []byte)
	// Again, where set, is called when what Sink got is void, because the command is run in another way; what it gets from then on
	// adds up to Output.Text. Without it, Sink gets what could turn out void only when the command has ended.
	Again func()
}

// Output is what a device printed for a command.
type Output struct {
	Text      string // valid UTF-8, lines end in \n, without blank lines at start and end
	Truncated bool   // more came than MaxOutput; the rest was read and dropped
	Duration  time.Duration
}
