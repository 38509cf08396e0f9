// Package netconfig knows device configurations as trees: it reads and writes them, tells two apart, finds the lines that turn one
// into the other, and says what a device makes of such lines.
//
// It covers the platforms whose configurations are lines under indented sections: cisco_ios, cisco_nxos, arista_eos and frr. What it
// knows of a platform's commands is in tables (dialect.go, known.go): which lines replace each other, how a line is taken back,
// where order counts. [Simulate] applies lines by the same tables, so that [Remediate] can prove what it proposes: a remediation whose
// simulated result is not the intended configuration says so, and is never called proven.
//
// Everything here is a pure function of its arguments. Trees are not changed by them, and are safe for concurrent reading.
package netconfig
