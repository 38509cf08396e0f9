package identity

import "github.com/netrust/netrust/libs/contract"

// Roles lists the roles, least first: each may do what the ones before it may.
var Roles = [...]contract.Role{contract.RoleViewer, contract.RoleOperator, contract.RoleApprover, contract.RoleAdmin}

// Rank is the place of a role in [Roles], from 1; 0 for one that is not known, which may do nothing.
func Rank(r contract.Role) int {
	for i, known := range Roles {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// May reports whether a role includes another.
func May(has, needs contract.Role) bool { return Rank(has) >= Rank(needs) && Rank(needs) > 0 }
