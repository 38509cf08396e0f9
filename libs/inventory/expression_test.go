package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

// router is the device that expressions are tried on.
var router = contract.Device{
	ID: "r1.example.net", Name: "r1", Platform: "cisco_ios", Address: "192.0.2.1", Site: "paris",
	Labels: map[string]string{"role": "core", "rack": "a-12", "note": "two words", "state": "or", "empty": "", "in": "x"},
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]bool{
		"role=core":                              true,
		"role == core":                           true,
		"role=edge":                              false,
		"role!=edge":                             true,
		"role != core":                           false,
		"nothing!=core":                          true, // as in Kubernetes: without the label it differs
		"role":                                   true,
		"nothing":                                false,
		"!nothing":                               true,
		"!role":                                  false,
		"not role":                               false,
		"not not role":                           true,
		"!role=core":                             false,
		"role in (edge, core)":                   true,
		"role in (edge)":                         false,
		"role notin (edge,leaf)":                 true,
		"role not in (core)":                     false,
		"nothing notin (a)":                      true,
		"role=core,site=paris":                   true,
		"role=core, site=oslo":                   false,
		"role=core and site=paris":               true,
		"role=core AND site=paris":               true,
		"role=core && rack=a-12":                 true,
		"role=edge or site=paris":                true,
		"role=edge || site=oslo":                 false,
		"role=edge, site=paris or rack=a-12":     true, // and binds closer
		"role=edge, (site=paris or rack=a-12)":   false,
		"(role=edge or role=core), !(site=oslo)": true,
		`note="two words"`:                       true,
		`note='two words'`:                       true,
		"state=or":                               true, // a keyword after = is a value
		"state in (or, and)":                     true,
		`"in"=x`:                                 true, // a key that is a keyword, in quotes
		`empty=""`:                               true,
		"empty":                                  true,
		"id=r1.example.net":                      true,
		"name=r1":                                true,
		"platform=cisco_ios":                     true,
		"status=active":                          true, // also when the device does not say
		"address=192.0.2.1":                      true,
		"Role=core":                              false, // case counts
	} {
		e, err := inventory.Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got := e.Match(&router); got != want {
			t.Errorf("%s is %v", expression, got)
		}
		if e.String() != expression {
			t.Errorf("%s prints as %s", expression, e)
		}
	}
}

func TestExpressionErrorsNameTheColumn(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"":                           "column 1: the expression is empty; write a test, such as role=core",
		"   ":                        "column 1: the expression is empty",
		"role=":                      "column 6: the expression ends too early; write a value here",
		"role = = core":              `column 8: "=" is not expected; write a value here`,
		"role=core site=x":           `column 11: "site" is not expected; join tests by a comma, and, or`,
		"role=core,":                 "column 11: the expression ends too early; write a test here",
		"=core":                      `column 1: "=" is not expected; write a test here`,
		"(role=core":                 "column 11: the expression ends too early; close the parenthesis of column 1",
		"role=core)":                 `column 10: ")" is not expected`,
		"role in core":               `column 9: "core" is not expected; write the values in parentheses, such as (core, edge)`,
		"role in (core":              "column 14: the expression ends too early; separate values by commas",
		"role in (core and edge)":    `column 15: "and" is not expected; separate values by commas`,
		"role in (core && edge)":     `column 15: "&&" is not expected; separate values by commas`,
		"role in ()":                 `column 10: ")" is not expected; write a value here`,
		"or":                         `column 1: "or" is not expected; write a test here; put a key of that name in quotes`,
		"role=core or":               "column 13: the expression ends too early",
		`note="two`:                  `column 6: a quote is not closed; add the closing "`,
		"ö=x, role=#":                `column 11: '#' is not expected; put text with special characters in quotes`,
		`""=x`:                       "column 1: the key is empty",
		"a\x80":                      `column 2: '�' is not expected`,
		strings.Repeat("(", 100):     "column 34: the expression is nested more than 32 deep",
		strings.Repeat("!", 5000):    "column 4097: the expression is longer than 4096 bytes",
		strings.Repeat("not ", 1000): "column 133: the expression is nested more than 32 deep",
	} {
		_, err := inventory.Compile(expression)
		var at *inventory.ExpressionError
		if !errors.As(err, &at) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", expression, err, want)
		}
	}
}
