package inventory

import (
	"fmt"
	"strings"
)

// Bounds of label expressions.
const (
	maxExpression = 4096 // bytes
	maxNesting    = 32
)

// Compile reads a label expression. The error is an *[ExpressionError].
func Compile(source string) (*Expression, error) {
	if len(source) > maxExpression {
		return nil, &ExpressionError{maxExpression + 1, fmt.Sprintf("the expression is longer than %d bytes", maxExpression), "use a tag for the devices"}
	}
	symbols, err := scan(source)
	if err != nil {
		return nil, err
	}
	p := compiler{symbols: symbols}
	if p.peek().kind == symbolEnd {
		return nil, &ExpressionError{1, "the expression is empty", "write a test, such as role=core"}
	}
	match, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if s := p.peek(); s.kind != symbolEnd {
		return nil, unexpected(s, "join tests by a comma, and, or")
	}
	return &Expression{source: source, match: match}, nil
}

// compiler is a recursive descent over the symbols.
type compiler struct {
	symbols []symbol
	at      int
}

func (p *compiler) peek() symbol { return p.symbols[p.at] }

func (p *compiler) take() symbol {
	s := p.symbols[p.at]
	if s.kind != symbolEnd {
		p.at++
	}
	return s
}

// accept takes the next symbol if it is of the kind, or the keyword.
func (p *compiler) accept(kind symbolKind, keyword string) bool {
	if s := p.peek(); s.kind == kind && kind != symbolWord || keyword != "" && s.is(keyword) {
		p.at++
		return true
	}
	return false
}

func (s symbol) is(keyword string) bool {
	return s.kind == symbolWord && !s.quoted && strings.EqualFold(s.text, keyword)
}

func (s symbol) keyword() bool {
	return s.is("and") || s.is("or") || s.is("not") || s.is("in") || s.is("notin")
}

func (p *compiler) or(depth int) (matcher, *ExpressionError) {
	var ms []matcher
	for {
		m, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
		if !p.accept(symbolOr, "or") {
			return anyOf(ms), nil
		}
	}
}

func (p *compiler) and(depth int) (matcher, *ExpressionError) {
	var ms []matcher
	for {
		m, err := p.unary(depth)
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
		if !p.accept(symbolAnd, "and") {
			return allOf(ms), nil
		}
	}
}

func (p *compiler) unary(depth int) (matcher, *ExpressionError) {
	s := p.peek()
	if depth > maxNesting {
		return nil, &ExpressionError{s.column, fmt.Sprintf("the expression is nested more than %d deep", maxNesting), "write it flatter"}
	}
	switch {
	case p.accept(symbolNot, "not"):
		m, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return not(m), nil
	case p.accept(symbolOpen, ""):
		m, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if end := p.peek(); !p.accept(symbolClose, "") {
			return nil, unexpected(end, fmt.Sprintf("close the parenthesis of column %d", s.column))
		}
		return m, nil
	case s.kind != symbolWord:
		return nil, unexpected(s, "write a test here, such as role=core")
	case s.keyword():
		return nil, unexpected(s, "write a test here; put a key of that name in quotes")
	}
	return p.test()
}

func (p *compiler) test() (matcher, *ExpressionError) {
	key := p.take()
	if key.text == "" {
		return nil, &ExpressionError{key.column, "the key is empty", "name a label"}
	}
	switch {
	case p.accept(symbolEqual, ""):
		v, err := p.value()
		return equals(key.text, v), err
	case p.accept(symbolNotEqual, ""):
		v, err := p.value()
		return not(equals(key.text, v)), err
	case p.accept(symbolWord, "in"):
		vs, err := p.values()
		return oneOf(key.text, vs), err
	case p.accept(symbolWord, "notin"):
		vs, err := p.values()
		return not(oneOf(key.text, vs)), err
	case p.peek().is("not") && p.symbols[p.at+1].is("in"):
		p.at += 2
		vs, err := p.values()
		return not(oneOf(key.text, vs)), err
	}
	return has(key.text), nil
}

// value takes a word; here keywords are words too, as in state=or.
func (p *compiler) value() (string, *ExpressionError) {
	s := p.take()
	if s.kind != symbolWord {
		return "", unexpected(s, `write a value here; for the empty one write ""`)
	}
	return s.text, nil
}

func (p *compiler) values() ([]string, *ExpressionError) {
	if open := p.peek(); !p.accept(symbolOpen, "") {
		return nil, unexpected(open, "write the values in parentheses, such as (core, edge)")
	}
	var vs []string
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		vs = append(vs, v)
		switch s := p.take(); {
		case s.kind == symbolClose:
			return vs, nil
		case s.kind != symbolAnd || s.text != ",":
			return nil, unexpected(s, "separate values by commas and close the parenthesis")
		}
	}
}

func unexpected(s symbol, remedy string) *ExpressionError {
	if s.kind == symbolEnd {
		return &ExpressionError{s.column, "the expression ends too early", remedy}
	}
	return &ExpressionError{s.column, fmt.Sprintf("%q is not expected", s.text), remedy}
}
