// Package docs reads the project's documents and does what they say, as a person at a terminal does.
//
// Its tests promise that every command in a document runs, in the order of the document, against real servers and
// simulated devices; that every link leads somewhere; and that the output shown is what the program prints. A command that
// no rule of the tests covers fails them. What the commands do beyond that is for the tests of their modules.
package docs
