package jobspec

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/inventory"
)

// Bounds of a spec.
const (
	MaxCommands     = 100
	MaxCommandBytes = 16 << 10 // all commands together
	MaxName         = 200
	MaxLabels       = 32
	MaxLabelKey     = 64
	MaxLabelValue   = 256
	MaxParallel     = 10000
	MaxDeadline     = 14 * 24 * time.Hour
	MaxAttempts     = 10
	MaxAuthFailures = 1000
	// MaxLoginsPerMinute is more than any server of accounts can take.
	MaxLoginsPerMinute = 60000
)

// Validate reports everything that is wrong with the spec by itself. Fields that are zero count as their defaults.
func Validate(spec contract.JobSpec) []contract.Problem {
	c := checker{}
	if spec.Kind != "" && spec.Kind != contract.JobKindCommand {
		c.add("kind", fmt.Sprintf("%q is not a kind of job", clip(string(spec.Kind))), "use command")
	}
	c.text("name", spec.Name, MaxName)
	c.problems = append(c.problems, inventory.CheckSelector(spec.Targets)...)
	c.commands(spec.Commands)
	c.priority(spec.Priority)
	filled := WithDefaults(spec)
	c.limits(filled.Limits)
	c.retry(filled.Retry)
	c.rollout(spec.Rollout)
	c.labels(spec.Labels)
	c.job("retry_of", spec.RetryOf)
	c.job("targets.not_reached_of", spec.Targets.NotReachedOf)
	if encoded, err := json.Marshal(spec); err != nil || len(encoded) > MaxSize {
		c.add("body", fmt.Sprintf("is larger than %d bytes", MaxSize), "select devices by a tag instead of by ids")
	}
	return c.problems
}

type checker struct {
	problems []contract.Problem
}

func (c *checker) add(field, message, remedy string) {
	c.problems = append(c.problems, contract.Problem{Field: field, Message: message, Remedy: remedy})
}

func (c *checker) commands(commands []string) {
	if len(commands) == 0 {
		c.add("commands", "is empty", `give at least one command, such as "show version"`)
	}
	if len(commands) > MaxCommands {
		c.add("commands", fmt.Sprintf("holds %d commands; at most %d are taken", len(commands), MaxCommands), "split the job")
	}
	total := 0
	for i, command := range commands[:min(len(commands), MaxCommands)] {
		total += len(command)
		if err := platform.CheckCommand(command); err != nil {
			c.add(fmt.Sprintf("commands[%d]", i), err.Error(), "write one command, on one line")
		} else if strings.Contains(command, "${secret:") {
			c.add(fmt.Sprintf("commands[%d]", i), "refers to a secret, which commands cannot do yet", "leave the secret out: it would reach the device as it is written here")
		}
	}
	if total > MaxCommandBytes {
		c.add("commands", fmt.Sprintf("are %d bytes long together; at most %d are taken", total, MaxCommandBytes), "split the job")
	}
}

func (c *checker) priority(p contract.Priority) {
	switch p {
	case "", contract.PriorityLow, contract.PriorityNormal, contract.PriorityHigh, contract.PriorityUrgent:
	default:
		c.add("priority", fmt.Sprintf("%q is not a priority", clip(string(p))), "use low, normal, high or urgent")
	}
}

func (c *checker) limits(l contract.Limits) {
	c.between("limits.parallel", int64(l.Parallel), 1, MaxParallel, "devices")
	c.duration("limits.command_timeout_ms", l.CommandTimeoutMS, 100*time.Millisecond, time.Hour)
	c.duration("limits.device_timeout_ms", l.DeviceTimeoutMS, 100*time.Millisecond, MaxDeadline)
	c.duration("limits.deadline_ms", l.DeadlineMS, 100*time.Millisecond, MaxDeadline)
	c.between("limits.auth_failures", int64(l.AuthFailures), 1, MaxAuthFailures, "failures")
	for _, limit := range []struct {
		field string
		value int
	}{{"per_site", l.PerSite}, {"per_group", l.PerGroup}, {"per_platform", l.PerPlatform}, {"per_domain", l.PerDomain}} {
		if limit.value != 0 {
			c.between("limits."+limit.field, int64(limit.value), 1, MaxParallel, "devices")
		}
	}
	if l.LoginsPerMinute != 0 {
		c.between("limits.logins_per_minute", int64(l.LoginsPerMinute), 1, MaxLoginsPerMinute, "logins")
	}
	if l.DeviceTimeoutMS > 0 && l.CommandTimeoutMS > l.DeviceTimeoutMS {
		c.add("limits.device_timeout_ms", fmt.Sprintf("%d is shorter than command_timeout_ms (%d), which it must hold", l.DeviceTimeoutMS, l.CommandTimeoutMS),
			fmt.Sprintf("set it to %d or more", l.CommandTimeoutMS))
	}
	if l.DeadlineMS > 0 && l.DeviceTimeoutMS > l.DeadlineMS {
		c.add("limits.deadline_ms", fmt.Sprintf("%d is shorter than device_timeout_ms (%d), which it must hold", l.DeadlineMS, l.DeviceTimeoutMS),
			fmt.Sprintf("set it to %d or more, or lower device_timeout_ms", l.DeviceTimeoutMS))
	}
}

func (c *checker) retry(r contract.RetryPolicy) {
	c.between("retry.attempts", int64(r.Attempts), 1, MaxAttempts, "attempts")
	c.duration("retry.backoff_ms", r.BackoffMS, time.Millisecond, time.Hour)
	c.duration("retry.max_backoff_ms", r.MaxBackoffMS, time.Millisecond, time.Hour)
	if r.MaxBackoffMS > 0 && r.BackoffMS > r.MaxBackoffMS {
		c.add("retry.max_backoff_ms", fmt.Sprintf("%d is less than backoff_ms (%d)", r.MaxBackoffMS, r.BackoffMS), fmt.Sprintf("set it to %d or more", r.BackoffMS))
	}
}

func (c *checker) labels(labels map[string]string) {
	if len(labels) > MaxLabels {
		c.add("labels", fmt.Sprintf("holds %d labels; at most %d are taken", len(labels), MaxLabels), "keep the ones that you search by")
		return
	}
	for _, key := range sortedKeys(labels) {
		if key == "" || len(key) > MaxLabelKey || strings.ContainsFunc(key, notKey) {
			c.add("labels", fmt.Sprintf("%q is not a key of a label", clip(key)), fmt.Sprintf("use 1 to %d letters, digits, dots, /, _ and -", MaxLabelKey))
			continue
		}
		c.text("labels."+key, labels[key], MaxLabelValue)
	}
}

// job checks what should be the id of a job. Whether there is such a job, the caller knows.
func (c *checker) job(field, id string) {
	if len(id) > MaxLabelKey || strings.ContainsFunc(id, notKey) {
		c.add(field, fmt.Sprintf("%q is not the id of a job", clip(id)), "copy the id from: netrust job list")
	}
}

func (c *checker) text(field, text string, limit int) {
	switch {
	case len(text) > limit:
		c.add(field, fmt.Sprintf("is %d bytes long; at most %d are taken", len(text), limit), "shorten it")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		c.add(field, "holds a control character or a byte that is not UTF-8", "write plain text on one line")
	}
}

func (c *checker) between(field string, value, least, most int64, of string) {
	if value < least || value > most {
		c.add(field, fmt.Sprintf("%d is out of bounds", value), fmt.Sprintf("set it between %d and %d %s", least, most, of))
	}
}

func (c *checker) duration(field string, ms int64, least, most time.Duration) {
	c.between(field, ms, least.Milliseconds(), most.Milliseconds(), "milliseconds ("+short(least)+" to "+short(most)+")")
}

func short(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func notKey(r rune) bool {
	return r > 127 || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._/-", r))
}

// clip keeps what a message repeats short.
func clip(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}
