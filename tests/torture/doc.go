// Package torture tries to break the protocol of claims: real processes (a NATS server, schedulers, executors) are killed,
// paused longer than they are believed alive, and restarted, while jobs run and some are cancelled. The devices are a driver
// that records what reaches them. Afterwards a [History] is put together from what the devices saw, the whole ledger, the
// events of the jobs and the faults that were made, and [Check] judges it.
//
// The checker judges facts, never how long something took:
//
//   - An effect that may not be repeated reaches its device at most once, whatever happened.
//   - Every effect has a claim, written before it, of the process that made it.
//   - Once a newer holder of a device has begun, no older one acts on it. A device cannot check a token, so the pause between
//     the last question and the send cannot be closed (JETSTREAM.md): the driver asks right before it sends, as the runner
//     does, and notes when. The question vouches for a quarter of the liveness TTL. An effect that was sent later than
//     that after its question was held up by a pause of the process; it is counted and not blamed on the protocol. All others are
//     judged.
//   - No claim follows the closing of a job's gate; a task has one result, with nothing after it, and no claim without one is
//     left; attempts count up by one; a device has one lease at a time, and none in the end.
//   - Every job ended, by a legal sequence of events, and its counts are those of its ledger records.
//   - A task is uncertain only if it may not be repeated and its holder, or the server, was killed or paused meanwhile.
//   - A result that says that nothing happened on the device is true; one that says succeeded, too.
//   - What a new leader replays (the newest entry of each key) is what the whole stream folds to, a follower that lived
//     through it all saw the same stream, and a fresh scheduler finds nothing to do.
//
// A seed chooses jobs, cancels and faults; what happens between is up to the machine, so a seed that failed may have to be
// repeated. Every run of the tests makes a short round. A long one, of 8,000 tasks on 400 devices:
//
//	go test ./torture -run Torture -v -timeout 30m -torture.long
//
// -torture.seed (or NETRUST_TORTURE_SEED) chooses the seed, -torture.keep a folder that keeps streams, effects and logs.
package torture
