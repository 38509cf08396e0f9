// Package suite is what `make verify` and `make test` run: a list of named steps, each one command or one check, so that
// one list says what is required of a change, here and in CI.
//
// All steps run even when one fails, and the failed ones are named at the end. Every step has a time limit.
package suite
