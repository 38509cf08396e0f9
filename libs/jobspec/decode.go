package jobspec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/internal/document"
)

// MaxSize is the largest spec in bytes: what a message may carry.
const MaxSize = contract.MaxInline

// Decode reads a spec from JSON, strictly: unknown and repeated fields, wrong types and anything after the value are
// problems, all of which are returned. It fills no defaults and checks no limits.
func Decode(data []byte) (contract.JobSpec, []contract.Problem) {
	root, err := document.JSON(data, MaxSize)
	return bind(root, err, false)
}

// DecodeYAML reads a spec from a YAML file with the fields of the API. Messages name the line.
func DecodeYAML(data []byte) (contract.JobSpec, []contract.Problem) {
	root, err := document.YAML(data, MaxSize)
	if err == nil && root.Kind == document.Null {
		err = document.Fault{Message: "is empty", Remedy: "write targets and commands"}
	}
	return bind(root, err, true)
}

func bind(root *document.Node, err error, file bool) (contract.JobSpec, []contract.Problem) {
	var spec contract.JobSpec
	var faults document.Faults
	if fault := (document.Fault{}); errors.As(err, &fault) {
		faults.Add(fault)
	} else {
		document.Bind(root, "", &spec, file, &faults)
	}
	list := problems(&faults, file)
	if list == nil {
		list = zeros(root)
	}
	return spec, list
}

// zeros refuses numbers that are written as 0, and parts of a rollout that are written and empty: in memory that means the
// default, and whoever wrote it meant something else.
func zeros(root *document.Node) (list []contract.Problem) {
	for _, section := range []string{"limits", "retry"} {
		list = append(list, zerosIn(section, root.Find(section))...)
	}
	rollout := root.Find("rollout")
	if rollout == nil {
		return list
	}
	if len(rollout.Fields) == 0 {
		list = append(list, contract.Problem{Field: "rollout", Message: "is empty", Remedy: "give it a canary, batches or a failure_threshold, or leave it out"})
	}
	list = append(list, zerosIn("rollout", rollout)...)
	for _, part := range []string{"canary", "failure_threshold"} {
		node := rollout.Find(part)
		list = append(list, zerosIn("rollout."+part, node)...)
		if node != nil && len(node.Fields) == 0 {
			list = append(list, contract.Problem{Field: "rollout." + part, Message: "is empty", Remedy: "say how many, or leave it out"})
		}
	}
	if batches := rollout.Find("batches"); batches != nil {
		if len(batches.Items) == 0 {
			list = append(list, contract.Problem{Field: "rollout.batches", Message: "is empty", Remedy: "give at least one batch, or leave it out"})
		}
		for i, item := range batches.Items {
			list = append(list, zerosIn(fmt.Sprintf("rollout.batches[%d]", i), item)...)
		}
	}
	return list
}

func zerosIn(section string, node *document.Node) (list []contract.Problem) {
	if node == nil {
		return nil
	}
	for _, field := range node.Fields {
		// 00, 0x0 and -0 are the same to whoever wrote them.
		if v, err := strconv.ParseInt(field.Value.Text, 0, 64); field.Value.Kind == document.Number && err == nil && v == 0 {
			list = append(list, contract.Problem{
				Field: section + "." + field.Name, Message: "is 0", Remedy: zeroRemedy(section, field.Name),
			})
		}
	}
	return list
}

func zeroRemedy(section, field string) string {
	switch {
	case section == "rollout.failure_threshold":
		return "give a number above 0: 1 stops the job at the first failure"
	case section == "rollout" && field == "pause_ms":
		return "leave it out for no pause, or give a number above 0"
	case strings.HasPrefix(section, "rollout"):
		return "give a number above 0: a wave without devices can never be reached"
	case strings.HasPrefix(field, "per_"), field == "logins_per_minute":
		return "leave it out for no limit, or give a number above 0"
	}
	return "leave it out for the default, or give a number above 0"
}

func problems(faults *document.Faults, file bool) []contract.Problem {
	if faults.Err() == nil {
		return nil
	}
	var list []contract.Problem
	for _, f := range faults.List {
		p := contract.Problem{Field: f.Path, Message: f.Message, Remedy: f.Remedy}
		switch {
		case f.Line > 0 && file:
			p.Message = fmt.Sprintf("line %d: %s", f.Line, f.Message)
		case f.Line > 0 && f.Path == "":
			p.Message = fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Message)
		}
		if p.Field == "" {
			p.Field = "body"
		}
		list = append(list, p)
	}
	return list
}
