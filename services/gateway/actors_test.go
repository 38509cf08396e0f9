package gateway_test

import (
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// The fleet also acts as scheduler and executor: it writes what they would.

func (f *fleet) publish(m bus.Message) uint64 {
	f.t.Helper()
	seq, err := f.conn.Publish(f.t.Context(), m)
	if err != nil {
		f.t.Fatal(err)
	}
	return seq
}

func (f *fleet) tick() time.Time {
	f.at = f.at.Add(time.Second)
	return f.at
}

// event writes an event of a job.
func (f *fleet) event(e contract.JobEvent) uint64 {
	f.t.Helper()
	e.At = f.tick()
	return f.publish(bus.Message{
		Subject: contract.JobEventSubject(e.JobID), Type: contract.TypeJobEvent, ID: "job-" + e.JobID + "/" + string(e.State), Data: mustJSON(f.t, e),
	})
}

func (f *fleet) object(v any) *contract.ObjectRef {
	f.t.Helper()
	ref, err := f.conn.PutObject(f.t.Context(), contract.ObjectsResults, mustJSON(f.t, v))
	if err != nil {
		f.t.Fatal(err)
	}
	return &ref
}

func device(id string) contract.Device {
	return contract.Device{ID: id, Name: "name-of-" + id, Platform: "cisco_ios", Address: "192.0.2.9", Port: 22, Site: "paris", Status: contract.DeviceActive}
}

// plan writes the planned and the running event of a job with these devices.
func (f *fleet) plan(job string, devices ...string) {
	f.t.Helper()
	m := contract.Manifest{JobID: job, InventoryRevision: 7}
	for _, id := range devices {
		m.Targets = append(m.Targets, contract.ManifestTarget{Device: device(id), Revision: 1, ReadOnly: true})
	}
	ref := f.object(m)
	f.event(contract.JobEvent{JobID: job, State: contract.JobPlanned, Manifest: ref, InventoryRevision: 7, Targets: len(devices), Deadline: f.at.Add(time.Hour)})
	f.event(contract.JobEvent{JobID: job, State: contract.JobRunning})
}

func (f *fleet) record(r contract.TaskRecord) uint64 {
	f.t.Helper()
	r.Phase, r.Site, r.Holder = contract.PhaseRun, "paris", "executor-1"
	if r.Attempt == 0 {
		r.Attempt = 1
	}
	key := contract.TaskKey{Site: r.Site, Job: r.JobID, Phase: r.Phase, Device: r.DeviceID}
	return f.publish(bus.Message{Subject: bus.KVSubject(contract.BucketExec, key.RecordKey()), Data: mustJSON(f.t, r)})
}

func (f *fleet) claim(job, device string) uint64 {
	return f.record(contract.TaskRecord{State: contract.Claimed, JobID: job, DeviceID: device, Claim: &contract.Claim{
		Principal: "admin", Commands: []string{"show version"}, Platform: "cisco_ios", ClaimedAt: f.tick(),
	}})
}

func (f *fleet) retry(job, device, reason string) uint64 {
	return f.record(contract.TaskRecord{State: contract.Retry, JobID: job, DeviceID: device, Retry: &contract.Delay{
		Reason: reason, NotBefore: f.tick(), Error: &contract.TaskError{Kind: contract.KindUnreachable, Message: reason, Effect: contract.EffectNone},
	}})
}

func (f *fleet) succeed(job, device, output string) uint64 {
	return f.record(contract.TaskRecord{State: contract.Finished, JobID: job, DeviceID: device, Result: &contract.Result{
		State: contract.TaskSucceeded, StartedAt: f.tick(), FinishedAt: f.tick(), DurationMS: 1000, Summary: "Version 15.2",
		Outputs: []contract.CommandOutput{{Command: "show version", Output: output, DurationMS: 12}},
	}})
}

func (f *fleet) fail(job, device string, kind contract.ErrorKind, effect contract.Effect) uint64 {
	return f.record(contract.TaskRecord{State: contract.Finished, JobID: job, DeviceID: device, Result: &contract.Result{
		State: contract.TaskFailed, StartedAt: f.tick(), FinishedAt: f.tick(), DurationMS: 1000,
		Error: &contract.TaskError{Kind: kind, Message: "it said " + string(kind), Effect: effect, Remedy: "look at it"},
	}})
}

// end writes a job's last event.
func (f *fleet) end(job string, state contract.JobState, counts contract.Counts, notReached ...contract.NotReachedDevice) uint64 {
	e := contract.JobEvent{JobID: job, State: state, Counts: &counts}
	if len(notReached) > 0 {
		e.NotReached = f.object(contract.NotReached{JobID: job, Devices: notReached})
	}
	return f.event(e)
}

// jobsInLog counts the messages of JOBS.
func (f *fleet) jobsInLog() uint64 {
	f.t.Helper()
	state, err := f.conn.State(f.t.Context(), contract.StreamJobs)
	if err != nil {
		f.t.Fatal(err)
	}
	return state.Messages
}
