package job

import (
	"fmt"

	"github.com/netrust/netrust/libs/contract"
)

// domain is an authentication domain within one job: where a wrong password counts towards a lockout.
type domain struct {
	out      int  // tasks released or claimed
	failures int  // authentication failures
	proven   bool // a login has succeeded
}

func (j *Job) domain(name string) *domain {
	d := j.domains[name]
	if d == nil {
		if j.domains == nil {
			j.domains = map[string]*domain{}
		}
		d = &domain{}
		j.domains[name] = d
	}
	return d
}

// note counts how a task of the domain ended. Only kinds that come after a login prove the credential.
func (j *Job) note(name string, kind contract.ErrorKind) {
	d := j.domain(name)
	switch kind {
	case contract.KindAuthentication:
		if d.failures++; d.failures >= j.Spec.Limits.AuthFailures {
			j.tripped = name
		}
	case "", contract.KindRejected, contract.KindTimeout, contract.KindAmbiguous:
		d.proven = true
	}
}

// MayLogIn reports whether one more task of the domain may be out. Until a login has succeeded, no more are out than
// failures are left: if all of them fail, the account has still not seen more than the limit.
func (j *Job) MayLogIn(domain string) bool {
	d := j.domain(domain)
	return d.proven || d.out+d.failures < j.Spec.Limits.AuthFailures
}

// Breaker returns why the job must stop, or nil: too many authentication failures in one domain.
func (j *Job) Breaker() *contract.Stopping {
	if j.tripped == "" {
		return nil
	}
	return &contract.Stopping{Kind: contract.KindBreaker, Reason: fmt.Sprintf(
		"%d logins failed in authentication domain %s: stopped before the account is locked out; check the credential, then retry",
		j.domain(j.tripped).failures, j.tripped)}
}
