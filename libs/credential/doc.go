// Package credential turns references to credentials (env:LAB, file:core-routers) into the credentials themselves, in
// the process that logs in to devices and nowhere else.
//
// It promises that a [Secret] does not reach a log, an error, JSON or a debugger's print by accident, that no error of this
// package holds a secret, and that variables and files are read only when a reference is resolved. A file that
// changed is read again; a file that others can read is refused.
//
// What it leaves to the caller: never to send a [Credential] anywhere but to the device, and to keep it no longer than
// the login takes. Secrets stay in memory until the garbage collector takes them.
package credential
