// Package workspace knows the modules of netrust: which there are (go.work says), what each requires, and whether they
// agree. The commands behind `make` are built on it.
//
// Every module must build and test alone, with GOWORK=off, and all of them together make one binary. So their go lines
// and third-party versions agree, and each requires its siblings at v0.0.0 with a replace line for every sibling that it
// reaches (replace lines of a dependency do not count). [Check] reports where that does not hold; [Tidy] writes it.
package workspace
