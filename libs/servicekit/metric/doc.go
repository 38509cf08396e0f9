// Package metric is how a process counts and measures itself, for Prometheus.
//
// A [Registry] is a value: a main makes one and hands it to the parts of its process, which make their instruments from it
// when they are made. A nil *Registry gives instruments that work and are shown to nobody, so that a part need not ask.
// Names follow the conventions of Prometheus: netrust_<part>_<what>_<unit>, counters end in _total, times are seconds.
//
// It promises that making the same instrument twice gives the one that is there, so that two connections of one process
// share it. What the caller must see to is that labels are bounded: a platform, a class, an outcome, never a device or a job.
package metric
