package validate_test

import (
	"fmt"
	"testing"

	"github.com/netrust/netrust/schemas/validate"
)

func TestFaultsOfAMessageAreFound(t *testing.T) {
	t.Parallel()
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Check("gate.v1", []byte(`{"open": true, "at": "2025-06-02T08:15:00Z"}`)); err != nil {
		t.Errorf("a sound message: %v", err)
	}
	if err := v.Check("dead_letter.v1", []byte(`{"subject":"a","reason":"b","service":"netrust/executor","deliveries":1,"at":"2025-06-02T08:15:00Z","payload":"e30="}`)); err != nil {
		t.Errorf("a sound message: %v", err)
	}
	for why, m := range map[string][2]string{
		"a message that does not exist": {"gates.v1", `{}`},
		"no JSON":                       {"gate.v1", `{`},
		"two values":                    {"gate.v1", `{"open": true, "at": "2025-06-02T08:15:00Z"} {}`},
		"a field that is missing":       {"gate.v1", `{"open": true}`},
		"another type":                  {"gate.v1", `{"open": "true", "at": "2025-06-02T08:15:00Z"}`},
		"a time that is none":           {"gate.v1", `{"open": true, "at": "yesterday"}`},
		"bytes that are not base64":     {"dead_letter.v1", `{"subject":"a","reason":"b","service":"netrust/executor","deliveries":1,"at":"2025-06-02T08:15:00Z","payload":"e30"}`},
	} {
		if v.Check(m[0], []byte(m[1])) == nil {
			t.Errorf("%s: not found", why)
		}
	}
}

func ExampleValidator_Check() {
	v, err := validate.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Check("leader.v1", []byte(`{"incarnation": "scheduler-2b51", "host": "sched1", "since": "2025-06-02T08:15:00Z"}`)))
	// Output: <nil>
}
