// Package textfsm turns what a device printed into records, by TextFSM templates.
//
// It reads templates as Google's textfsm does, with Python's regular expressions, and finds them as ntc-templates lays them out:
// a directory with a file index of platform and command. A template, its records and its index mean here what they mean
// there, faults included where templates rely on them. Sources: the TextFSM wiki of google/textfsm ("TextFSM", "Code Lab") and the
// README of networktocode/ntc-templates.
//
// Templates come from strangers. Every match has a time limit, [Template.Parse] ends with its context, and a fault in a template names
// its file and line.
package textfsm
