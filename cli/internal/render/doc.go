// Package render turns what the API says into text: tables that fit a terminal, a line of progress, failures grouped by
// cause, and the API's own bodies as JSON or YAML.
//
// Everything here is a pure function of its arguments, so that the views are tested without a terminal. Text that came
// from a device is made harmless before it is shown: control characters never reach the terminal.
package render
