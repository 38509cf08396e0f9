// Package login keeps, for all jobs together, how logins went in each authentication domain: plain state and plain
// decisions about it, without I/O. A server that locks an account counts the bad logins of every job, so they are counted
// here across jobs too.
//
// Everything follows from results in the ledger, whose replay gives the same; only the pace of logins and which probes are
// out begin anew with each leader. Not safe for concurrent use: one goroutine owns it.
package login

import "time"

// Accounts is what is known of all authentication domains.
type Accounts struct {
	// Keep is how long a refused login is remembered: servers count those of some minutes.
	Keep time.Duration
	// PerMinute bounds the logins in one domain within a minute, of all jobs; 0: no limit.
	PerMinute int

	domains map[string]*domain
}

// domain is where accounts live: refused logins of one of them may lock it everywhere.
type domain struct {
	accounts map[string]*account // by credential reference
	probes   int                 // first logins of jobs that are out
	out      int                 // tasks released or claimed
	pace     *Pace
}

// account is a credential in a domain.
type account struct {
	refused   int       // in a row
	refusedAt time.Time // the last of them
	provedAt  time.Time // when the last attempt began that got in
}

// New makes an empty memory.
func New(keep time.Duration, perMinute int) *Accounts {
	return &Accounts{Keep: keep, PerMinute: perMinute, domains: map[string]*domain{}}
}

func (a *Accounts) domain(name string) *domain {
	d := a.domains[name]
	if d == nil {
		d = &domain{accounts: map[string]*account{}}
		if a.PerMinute > 0 {
			d.pace = NewPace(a.PerMinute)
		}
		a.domains[name] = d
	}
	return d
}

func (d *domain) account(credential string) *account {
	c := d.accounts[credential]
	if c == nil {
		c = &account{}
		d.accounts[credential] = c
	}
	return c
}

// Refused notes n refused logins, the last of which at the time.
func (a *Accounts) Refused(domain, credential string, n int, at time.Time) {
	c := a.domain(domain).account(credential)
	if at.Sub(c.refusedAt) > a.Keep {
		c.refused = 0
	}
	c.refused += n
	if at.After(c.refusedAt) {
		c.refusedAt = at
	}
}

// Proved notes that an attempt which began at the time got in. It ends a row of refusals only if it began after them: a
// server that locks accounts counts from the last good login.
func (a *Accounts) Proved(domain, credential string, began time.Time) {
	c := a.domain(domain).account(credential)
	if !began.After(c.refusedAt) {
		return
	}
	c.refused = 0
	if began.After(c.provedAt) {
		c.provedAt = began
	}
}

// InARow is how many logins were refused in the domain since the last good one of the same account, as far as they are
// remembered, and when the last one was.
func (a *Accounts) InARow(domain string, now time.Time) (n int, last time.Time) {
	d := a.domains[domain]
	if d == nil {
		return 0, time.Time{}
	}
	for _, c := range d.accounts {
		if c.refused > 0 && now.Sub(c.refusedAt) <= a.Keep {
			n += c.refused
			if c.refusedAt.After(last) {
				last = c.refusedAt
			}
		}
	}
	return n, last
}

// Good reports whether the account got in lately, and was not refused since.
func (a *Accounts) Good(domain, credential string, now time.Time) bool {
	d := a.domains[domain]
	if d == nil || d.accounts[credential] == nil {
		return false
	}
	c := d.accounts[credential]
	return c.refused == 0 && !c.provedAt.IsZero() && now.Sub(c.provedAt) <= a.Keep
}

// Out and Back note that a task of the domain is put out, and that it no longer is. It is a probe while no login of its job
// has succeeded in the domain.
func (a *Accounts) Out(domain string) { a.domain(domain).out++ }

// Back is the opposite of Out.
func (a *Accounts) Back(domain string) { a.domain(domain).out-- }

// Probe and Probed note that a job's first login in the domain is out, and that it no longer is.
func (a *Accounts) Probe(domain string) { a.domain(domain).probes++ }

// Probed is the opposite of Probe.
func (a *Accounts) Probed(domain string) { a.domain(domain).probes-- }

// OutIn is how many tasks of all jobs are out in the domain.
func (a *Accounts) OutIn(domain string) int { return a.domain(domain).out }

// MayProbe reports whether a job in which no login of the account has succeeded yet may try one, and end the job's trust at
// most refused ones in a row: one at a time in the domain, unless the account got in lately; and never so many that, should
// all of them be refused, there would be more.
func (a *Accounts) MayProbe(domain, credential string, most int, now time.Time) bool {
	n, _ := a.InARow(domain, now)
	probes := a.domain(domain).probes
	if n+probes >= most {
		return false
	}
	return probes == 0 || a.Good(domain, credential, now)
}

// Pace is the domain's, for all jobs; nil without a limit.
func (a *Accounts) Pace(domain string) *Pace { return a.domain(domain).pace }
