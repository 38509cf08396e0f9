package redact

import "strings"

// state is what earlier lines say about the next.
type state struct {
	inKey  bool // between the BEGIN and END of a private key
	marked bool // the mark of its body is written
	server bool // inside "tacacs server …", "radius server …" or a group of servers
	snmp   int  // Junos: depth of blank before "snmp {" plus one's inside; -1 outside
	opened bool // snmp was set
	column column
	rows   bool // of the table were seen
}

// column says which word of a table's lines is secret.
type column int

const (
	noColumn column = iota
	firstColumn
	lastColumn
)

// pem collapses the body of a private key to a mark. Keep is false for the lines that fall away.
func (st *state) pem(text string) (out string, keep bool) {
	if st.inKey {
		body := strings.TrimSpace(text)
		switch {
		case strings.Contains(text, "-----END"):
			st.inKey = false
			return text[strings.Index(text, "-----END"):], true
		case !pemBody(body):
			st.inKey = false
			return st.pem(text)
		case st.marked:
			return "", false
		default:
			st.marked = true
			return Mark, true
		}
	}
	begin := strings.Index(text, "-----BEGIN")
	if begin < 0 || !strings.Contains(text[begin:], "PRIVATE KEY") {
		return text, true
	}
	dashes := strings.Index(text[begin+10:], "-----")
	if dashes < 0 {
		return text, true
	}
	head := begin + 10 + dashes + 5
	if end := strings.Index(text[head:], "-----END"); end >= 0 { // all in one line
		return text[:head] + Mark + text[head+end:], true
	}
	st.inKey, st.marked = true, false
	if strings.TrimSpace(text[head:]) != "" {
		st.marked = true
		return text[:head] + Mark, true
	}
	return text, true
}

// pemBody accepts what stands inside a key: base64, the headers of old encrypted keys, empty lines, and our mark.
func pemBody(body string) bool {
	if body == "" || body == Mark || strings.HasPrefix(body, "Proc-Type:") || strings.HasPrefix(body, "DEK-Info:") {
		return true
	}
	return strings.Trim(body, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\\",;") == ""
}

// enter notes the blocks that a line opens and closes.
func (st *state) enter(l *line) {
	if !st.opened {
		st.snmp = -1
	}
	if len(l.words) == 0 {
		if st.rows { // there may be an empty line below the heading
			st.column, st.rows = noColumn, false
		}
		return
	}
	indent := l.words[0].from
	if indent == 0 {
		st.server = l.is(0, "tacacs", "radius", "radius-server", "tacacs-server") || l.is(0, "aaa") && l.is(2, "server")
	}
	switch {
	case l.is(0, "snmp") && l.is(1, "{"):
		st.snmp, st.opened = indent, true
	case st.opened && l.is(0, "}") && indent <= st.snmp:
		st.snmp, st.opened = -1, false
	case st.opened && indent <= st.snmp:
		st.snmp, st.opened = -1, false
	}
}

// table hides a column of the tables that show commands print, and notes their headings.
func (st *state) table(l *line) {
	heading := noColumn
	switch { // the headings begin with a capital at the left edge
	case l.text == "" || l.text[0] < 'A' || l.text[0] > 'Z':
	case strings.Contains(l.text, "Preshared Key"), strings.Contains(l.text, "MD5 String"):
		heading = lastColumn
	case l.is(0, "Community") && strings.Contains(l.text, "Group / Access"):
		heading = firstColumn
	}
	if heading != noColumn {
		st.column, st.rows = heading, false
		return
	}
	if st.column == noColumn || len(l.words) < 2 || strings.Trim(l.text, "-= \t") == "" {
		return
	}
	st.rows = true
	if st.column == firstColumn {
		l.hide(0)
		return
	}
	l.hide(len(l.words) - 1)
}
