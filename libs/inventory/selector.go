package inventory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netrust/netrust/libs/contract"
)

// Bounds of selectors.
const (
	MaxIDs  = 10000
	MaxTags = 100
	// MaxID is the longest device id or name in bytes, MaxTag the longest tag.
	MaxID  = 128
	MaxTag = 128
)

// CheckSelector says what is wrong with a selector by itself, without an inventory. Fields are those of a job's spec:
// targets.labels.
func CheckSelector(sel contract.TargetSelector) []contract.Problem {
	var problems []contract.Problem
	add := func(field, message, remedy string) {
		problems = append(problems, contract.Problem{Field: field, Message: message, Remedy: remedy})
	}
	others := len(sel.IDs) > 0 || len(sel.Tags) > 0 || sel.Labels != "" || sel.NotReachedOf != ""
	switch {
	case sel.All && others:
		add("targets.all", "selects every device, and other selectors are given as well", "remove all, or remove the others")
	case !sel.All && !others:
		add("targets", "selects nothing", "give ids, tags, labels or not_reached_of; or all: true for every device")
	}
	if len(sel.IDs) > MaxIDs {
		add("targets.ids", fmt.Sprintf("names %d devices; at most %d are taken", len(sel.IDs), MaxIDs), "give the devices a tag and select by it")
	}
	for i, id := range sel.IDs {
		if message := checkText(id, MaxID); message != "" {
			add(fmt.Sprintf("targets.ids[%d]", i), message, "give the id or the name of a device")
		}
	}
	if len(sel.Tags) > MaxTags {
		add("targets.tags", fmt.Sprintf("names %d tags; at most %d are taken", len(sel.Tags), MaxTags), "use a label expression")
	}
	for i, tag := range sel.Tags {
		if message := checkText(tag, MaxTag); message != "" {
			add(fmt.Sprintf("targets.tags[%d]", i), message, "give a tag, such as core or role:core")
		}
	}
	if sel.Labels != "" {
		if _, err := Compile(sel.Labels); err != nil {
			problems = append(problems, expressionProblem(err))
		}
	}
	return problems
}

func expressionProblem(err error) contract.Problem {
	p := contract.Problem{Field: "targets.labels", Message: err.Error()}
	if e := (*ExpressionError)(nil); errors.As(err, &e) {
		p.Message, p.Remedy = fmt.Sprintf("column %d: %s", e.Column, e.Message), e.Remedy
	}
	return p
}

// Filter is the part of a selector that one device can be held against: its tags and its label expression. It is
// immutable and safe for concurrent use; the zero value matches every device.
type Filter struct {
	tags   []tagTest
	labels *Expression
}

type tagTest struct {
	tag, key, value string // key and value when the tag is key:value
	pair            bool
}

// NewFilter compiles tags and label expression of a selector, of which it takes no other part. Fields of problems are
// those of a job's spec.
func NewFilter(tags []string, labels string) (*Filter, []contract.Problem) {
	f := &Filter{}
	if len(tags) == 0 && labels == "" {
		return f, nil
	}
	if problems := CheckSelector(contract.TargetSelector{Tags: tags, Labels: labels}); problems != nil {
		return nil, problems
	}
	for _, tag := range tags {
		key, v, pair := strings.Cut(tag, ":")
		f.tags = append(f.tags, tagTest{tag, key, v, pair})
	}
	if labels != "" {
		f.labels, _ = Compile(labels) // CheckSelector compiled it
	}
	return f, nil
}

// Match reports whether the device has all tags and the expression holds for it.
func (f *Filter) Match(device *contract.Device) bool {
	for i := range f.tags {
		if !f.tags[i].match(device) {
			return false
		}
	}
	return f.labels == nil || f.labels.Match(device)
}

func (t *tagTest) match(device *contract.Device) bool {
	for _, tag := range device.Tags {
		if tag == t.tag {
			return true
		}
	}
	if !t.pair {
		return false
	}
	v, ok := value(device, t.key)
	return ok && v == t.value
}
