package contract

import (
	"fmt"
	"strings"
)

const hexDigits = "0123456789ABCDEF"

// EscapeToken makes one subject token (and KV key part) of any non-empty string: letters, digits, '-' and '_' stand for
// themselves, every other byte becomes '=' and two upper-case hexadecimal digits. Device ids have dots, which NATS would
// take for a separator.
func EscapeToken(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = plainByte(s[i])
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; plainByte(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// UnescapeToken reverses [EscapeToken]. It refuses what EscapeToken would not have written, so that every string has
// exactly one token.
func UnescapeToken(token string) (string, error) {
	if token == "" {
		return "", fmt.Errorf("empty subject token")
	}
	if strings.IndexByte(token, '=') < 0 {
		if i := strings.IndexFunc(token, func(r rune) bool { return r > 127 || !plainByte(byte(r)) }); i >= 0 {
			return "", fmt.Errorf("subject token %q: byte %d is not escaped", token, i)
		}
		return token, nil
	}
	out := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if plainByte(c) {
			out = append(out, c)
			continue
		}
		if c != '=' || i+2 >= len(token) {
			return "", fmt.Errorf("subject token %q: bad escape at byte %d", token, i)
		}
		hi, lo := strings.IndexByte(hexDigits, token[i+1]), strings.IndexByte(hexDigits, token[i+2])
		if hi < 0 || lo < 0 || plainByte(byte(hi<<4|lo)) {
			return "", fmt.Errorf("subject token %q: bad escape at byte %d", token, i)
		}
		out = append(out, byte(hi<<4|lo))
		i += 2
	}
	return string(out), nil
}

func plainByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
