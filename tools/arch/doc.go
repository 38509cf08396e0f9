// Package arch checks who imports whom in netrust: the layers of the modules, the layers inside libs and the services,
// and which third-party library lives where. The rules are tables in rules.go; docs/architecture.md explains them.
//
// It reads the imports of every Go file whatever its build tags, tests included, and never compiles anything: a tree that
// does not build is still checked. Test files obey the same rules, with the additions that rules.go marks as such.
package arch
