// Package jobspec decides, purely, whether a job can be run: it decodes a spec, fills the defaults, checks it, and plans
// it on an inventory.
//
// The gateway asks it before anything is published and answers 4xx; the scheduler asks it again and has the last word.
// The package promises that both get the same answer for the same spec and inventory, and that every fault of a spec
// is reported at once, with the field's path and a remedy. It does no I/O.
//
// The way of a spec: [Decode] (or [DecodeYAML]), [WithDefaults], [Validate], [MakePlan]. Store the spec as it was submitted, so that
// its [Digest] stays what the caller asked for, and fill the defaults where it is used.
package jobspec
