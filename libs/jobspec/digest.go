package jobspec

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/netrust/netrust/libs/contract"
)

// Digest is the SHA-256 of the spec as submitted, in lower-case hexadecimal. It does not depend on the order of fields,
// on spaces, or on whether an empty list was written; it does depend on values that are written though they are the
// defaults, since those may change.
func Digest(spec contract.JobSpec) string {
	if spec.Commands == nil {
		spec.Commands = []string{}
	}
	encoded, err := json.Marshal(spec)
	if err != nil {
		// Strings, numbers and maps of strings always encode.
		panic("jobspec: encoding a spec: " + err.Error())
	}
	return contract.Digest(encoded)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
