package contract

import (
	"fmt"
	"strings"
	"time"
)

// LiveOutput is a piece of what a device prints while a command runs, redacted. Executors publish it only while somebody
// follows the task; it is kept in memory alone, for minutes. The task's result is the truth.
type LiveOutput struct {
	JobID    string `json:"job_id"`
	DeviceID string `json:"device_id"`
	Attempt  int    `json:"attempt"`
	// Index is the command's place in the job, from 0, and Command its text, redacted.
	Index   int    `json:"index"`
	Command string `json:"command"`
	// Text is whole lines. It is empty where a piece only says that a command began or ended.
	Text string `json:"text"`
	// Gap says that lines before these are missing here: they are in the result.
	Gap bool `json:"gap,omitempty"`
	// Ended says that the command has ended.
	Ended bool      `json:"ended,omitempty"`
	At    time.Time `json:"at"`
}

// Follow says that somebody follows one task's output. Its key in bucket follow dies with who wrote it.
type Follow struct {
	JobID     string    `json:"job_id"`
	DeviceID  string    `json:"device_id"`
	Principal string    `json:"principal"`
	Since     time.Time `json:"since"`
}

// LiveOutputSubject is where an executor publishes what a device prints for a job.
func LiveOutputSubject(job, device string) string {
	return "output." + EscapeToken(job) + "." + EscapeToken(device)
}

// LiveOutputFilter selects all of stream OUTPUT.
const LiveOutputFilter = "output.>"

// FollowKey is the key in bucket follow of one task's followers.
func FollowKey(job, device string) string {
	return "follow." + EscapeToken(job) + "." + EscapeToken(device)
}

// Follows is the key pattern of all of them.
const Follows = "follow.>"

// ParseFollowKey reverses [FollowKey].
func ParseFollowKey(key string) (job, device string, err error) {
	p := strings.Split(key, ".")
	if len(p) != 3 || p[0] != "follow" {
		return "", "", fmt.Errorf("key %q is not of bucket %s", key, BucketFollow)
	}
	if job, err = UnescapeToken(p[1]); err != nil {
		return "", "", err
	}
	device, err = UnescapeToken(p[2])
	return job, device, err
}
