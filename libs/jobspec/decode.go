package jobspec

import (
	"errors"
	"fmt"

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

// zeros refuses limits that are written as 0: in memory that means the default, and whoever wrote it meant something else.
func zeros(root *document.Node) (list []contract.Problem) {
	for _, section := range []string{"limits", "retry"} {
		node := root.Find(section)
		if node == nil {
			continue
		}
		for _, field := range node.Fields {
			if field.Value.Text == "0" {
				list = append(list, contract.Problem{
					Field: section + "." + field.Name, Message: "is 0", Remedy: "leave it out for the default, or give a number above 0",
				})
			}
		}
	}
	return list
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
