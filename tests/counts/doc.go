// Package counts counts what noise cannot touch, and compares it with what is committed beside it (libs/baseline): the messages
// and bytes that a task leaves in each stream, the batches that the ledger writes for a fixed pattern of arrivals, and the
// allocations of the functions that every task goes through.
//
// The tests run without the race detector (tools/suite/plan.go), which allocates itself.
package counts
