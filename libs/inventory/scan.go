package inventory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// symbol is one word or sign of a label expression.
type symbol struct {
	kind   symbolKind
	text   string
	quoted bool // a quoted word is never a keyword
	column int
}

type symbolKind uint8

const (
	symbolEnd symbolKind = iota
	symbolWord
	symbolEqual    // = ==
	symbolNotEqual // !=
	symbolNot      // !
	symbolAnd      // , &&
	symbolOr       // ||
	symbolOpen
	symbolClose
)

// signs in the order in which they are tried: the longer ones first.
var signs = []struct {
	text string
	kind symbolKind
}{
	{"==", symbolEqual}, {"!=", symbolNotEqual}, {"&&", symbolAnd}, {"||", symbolOr},
	{"=", symbolEqual}, {"!", symbolNot}, {",", symbolAnd}, {"(", symbolOpen}, {")", symbolClose},
}

// scan cuts an expression into symbols, the last of which is the end.
func scan(source string) ([]symbol, *ExpressionError) {
	var symbols []symbol
	column := 1
	for rest := source; ; {
		trimmed := strings.TrimLeft(rest, " \t\r\n")
		column += len(rest) - len(trimmed)
		rest = trimmed
		if rest == "" {
			return append(symbols, symbol{kind: symbolEnd, column: column}), nil
		}
		s, size, err := next(rest, column)
		if err != nil {
			return nil, err
		}
		symbols = append(symbols, s)
		column += utf8.RuneCountInString(rest[:size])
		rest = rest[size:]
	}
}

func next(rest string, column int) (symbol, int, *ExpressionError) {
	for _, sign := range signs {
		if strings.HasPrefix(rest, sign.text) {
			return symbol{kind: sign.kind, text: sign.text, column: column}, len(sign.text), nil
		}
	}
	if rest[0] == '"' || rest[0] == '\'' {
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return symbol{}, 0, &ExpressionError{column, "a quote is not closed", "add the closing " + rest[:1]}
		}
		return symbol{symbolWord, rest[1 : end+1], true, column}, end + 2, nil
	}
	size := strings.IndexFunc(rest, func(r rune) bool { return !wordRune(r) })
	if size < 0 {
		size = len(rest)
	}
	if size == 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		return symbol{}, 0, &ExpressionError{column, fmt.Sprintf("%q is not expected", r), "put text with special characters in quotes"}
	}
	return symbol{symbolWord, rest[:size], false, column}, size, nil
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./:@*+", r))
}
