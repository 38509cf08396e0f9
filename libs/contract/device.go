package contract

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DeviceStatus says whether jobs may touch a device.
type DeviceStatus string

// The statuses. Jobs that select a device which is not active are told so; quarantined devices are never touched.
const (
	DeviceActive      DeviceStatus = "active"
	DeviceMaintenance DeviceStatus = "maintenance"
	DeviceQuarantined DeviceStatus = "quarantined"
)

// Device is one network element of the inventory: bucket inventory, key [InventoryKey]. Written by the gateway.
type Device struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Platform string            `json:"platform"` // canonical name
	Address  string            `json:"address"`
	Port     int               `json:"port"`
	Site     string            `json:"site"`
	Status   DeviceStatus      `json:"status"`
	Tags     []string          `json:"tags,omitempty"` // sorted
	Labels   map[string]string `json:"labels,omitempty"`
	// Credential is a reference (env:LAB, file:core-routers), never a secret.
	Credential string `json:"credential"`
	// AuthDomain is where its accounts live; limits and breakers count by it. By default the credential's reference.
	AuthDomain      string            `json:"auth_domain"`
	RedundancyGroup string            `json:"redundancy_group,omitempty"`
	Options         ConnectionOptions `json:"options,omitzero"`
}

// ConnectionOptions are settings of how a device is reached.
type ConnectionOptions struct {
	// HostKey is how an unknown SSH host key is taken: "strict" (known_hosts only) or "trust-first" (recorded on first use). Empty: the executor's setting.
	HostKey string `json:"host_key,omitempty"`
	// LegacyAlgorithms allows key exchanges and ciphers that are no longer safe, for devices that have nothing better.
	LegacyAlgorithms bool `json:"legacy_algorithms,omitempty"`
	// ConnectTimeoutMS bounds the connection up to the first prompt. 0: the executor's setting.
	ConnectTimeoutMS int64 `json:"connect_timeout_ms,omitempty"`
	// KeepSession says whether a session on the device may stay open for the next task. Nil: yes, within the executor's limits.
	KeepSession *bool `json:"keep_session,omitempty"`
	// MaxSessions is how many executors may have a session on the device at once. 0: the executor's setting.
	MaxSessions int `json:"max_sessions,omitempty"`
	// Jump are the SSH jump hosts on the way to the device, the first one first; at most [MaxJump].
	Jump []JumpHost `json:"jump,omitempty"`
}

// MaxJump is the longest chain of jump hosts.
const MaxJump = 8

// JumpHost is an SSH server through which a device is reached: a hop that forwards TCP connections.
type JumpHost struct {
	Name       string `json:"name"` // as people call it; error texts name the hop by it
	Address    string `json:"address"`
	Port       int    `json:"port"`
	Credential string `json:"credential"` // a reference, never a secret
	// HostKey is how the hop's unknown host key is taken, as in [ConnectionOptions].
	HostKey string `json:"host_key,omitempty"`
}

// Equal reports whether both reach a device in the same way.
func (o ConnectionOptions) Equal(p ConnectionOptions) bool {
	return o.HostKey == p.HostKey && o.LegacyAlgorithms == p.LegacyAlgorithms && o.ConnectTimeoutMS == p.ConnectTimeoutMS &&
		o.MaxSessions == p.MaxSessions && o.Keeps() == p.Keeps() && slices.Equal(o.Jump, p.Jump)
}

// Keeps reports whether sessions on the device may stay open for the next task.
func (o ConnectionOptions) Keeps() bool { return o.KeepSession == nil || *o.KeepSession }

// InventoryKey is the key of a device in bucket inventory.
func InventoryKey(device string) string { return "device." + EscapeToken(device) }

// ParseInventoryKey returns the device of a key made by [InventoryKey].
func ParseInventoryKey(key string) (string, error) {
	token, ok := strings.CutPrefix(key, "device.")
	if !ok {
		return "", fmt.Errorf("key %q is not of bucket %s", key, BucketInventory)
	}
	return UnescapeToken(token)
}

// ObservedHostKey is the key of a device's host keys in bucket observed.
func ObservedHostKey(device string) string { return "hostkey." + EscapeToken(device) }

// HostKeys are the SSH host keys recorded when a device was first met. Written by executors by compare-and-set.
type HostKeys struct {
	DeviceID  string    `json:"device_id"`
	Address   string    `json:"address"`
	Keys      []string  `json:"keys"` // authorized_keys format
	FirstSeen time.Time `json:"first_seen"`
}

// Role is what a token may do. Each role may do what the ones before it may.
type Role string

// The roles, least first.
const (
	RoleViewer   Role = "viewer"
	RoleOperator Role = "operator"
	RoleApprover Role = "approver"
	RoleAdmin    Role = "admin"
)

// Token is an API token in bucket identity, by the digest of its secret. The secret itself is kept nowhere.
type Token struct {
	// Name is the principal that its requests act as.
	Name      string    `json:"name"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// TokenKey is the key of a token in bucket identity: the SHA-256 of its secret, in hexadecimal.
func TokenKey(digest string) string { return "token." + digest }

// JobSummaryKey is the key of a job's summary in bucket jobs.
func JobSummaryKey(job string) string { return "job." + EscapeToken(job) }

// JobSummaries is the key pattern of all summaries in bucket jobs.
const JobSummaries = "job.*"

// SchedulerLeaderKey is the key in bucket jobs whose holder leads.
const SchedulerLeaderKey = "leader"

// Leader says which scheduler leads.
type Leader struct {
	Incarnation string    `json:"incarnation"`
	Host        string    `json:"host"`
	Since       time.Time `json:"since"`
}
