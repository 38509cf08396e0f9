// Package view keeps the gateway's read side: jobs, tasks and what devices answered, in an embedded SQLite file.
//
// The log is the truth and the file is disposable. It is a fold over two streams: JOBS (what was asked and decided) and
// the ledger (what happened on each device). Each batch of messages is one transaction that also moves the streams'
// cursors, so that a message counts once whatever dies in between; a file that is missing, damaged, of another version,
// or behind what a stream still holds is thrown away and folded again.
//
// Its promises: a fold in any interleaving of the two streams ends in the same rows; a record never overrides a later
// one of the same task; counts are those of the rows, at every commit. Memory does not grow with the number of tasks:
// messages come in bounded batches and reads in bounded pages.
//
// Left to the caller: following the streams in order (package feed), and who may see what.
package view
