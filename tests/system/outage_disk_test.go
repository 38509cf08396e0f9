//go:build linux

package system

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract/api"
)

// smallDisk is a file system of a few MiB that a test can fill.
type smallDisk struct {
	dir string
	t   *testing.T
}

// mountSmallDisk mounts one, which needs root, as the tests with real routers do.
func mountSmallDisk(t *testing.T, size string) *smallDisk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,size="+size); err != nil {
		t.Fatalf("mounting a tmpfs of %s: %v; run the tests as root, in a container with CAP_SYS_ADMIN", size, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting %s: %v", dir, err)
		}
	})
	return &smallDisk{dir: dir, t: t}
}

func (d *smallDisk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill writes until the disk has as many bytes left as given, or none.
func (d *smallDisk) fill(left uint64) {
	d.t.Helper()
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // a full disk is what is wanted
	block := make([]byte, 64<<10)
	for {
		var s syscall.Statfs_t
		if err := syscall.Statfs(d.dir, &s); err != nil {
			d.t.Fatal(err)
		}
		if free := s.Bavail * uint64(s.Bsize); left > 0 && free <= left {
			return
		}
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *smallDisk) empty() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Fatal(err)
	}
}

// stayFull keeps a disk full for as long as executors and leader are believed alive, and looks on meanwhile.
func stayFull(t *testing.T, o *outage, d *smallDisk) {
	t.Helper()
	room := time.After(away)
	o.notReady(t, 8*time.Second, "no space left")
	if err := o.NATS.Ready(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the NATS process does not say what is wrong: %v", err)
	}
	o.submissionsAreRefused(t, "no space left")
	o.readsGoOn(t)
	<-room
	d.empty()
	o.recovers(t, 0)
}

func TestADiskWithoutRoomRefusesWritesAndLosesNothing(t *testing.T) {
	t.Parallel()
	disk := mountSmallDisk(t, "96m")
	o := startOutage(t, "203", Options{NATSDir: filepath.Join(disk.dir, "nats")})
	disk.fill(4 << 20)
	stayFull(t, o, disk)
	if strings.Contains(o.NATS.Log(), "critical write error") {
		t.Error("NATS ran into the end of the disk, though a reserve was left")
	}
}

func TestADiskThatFillsAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	disk := mountSmallDisk(t, "96m")
	o := startOutage(t, "204", Options{NATSDir: filepath.Join(disk.dir, "nats")})
	disk.fill(0)
	stayFull(t, o, disk)
	t.Logf("NATS ran into the end of the disk: %t", strings.Contains(o.NATS.Log(), "critical write error"))
}

// TestUpOnAFullDiskGoesOnByItself fills the disk of netrust in one process, where the gateway's view lies too.
func TestUpOnAFullDiskGoesOnByItself(t *testing.T) {
	t.Parallel()
	disk, port := mountSmallDisk(t, "96m"), FreePort(t)
	data := filepath.Join(disk.dir, "netrust")
	up := &Process{
		Name: "up", bin: Binary(t), Health: "127.0.0.1:" + port, env: []string{"HOME=" + t.TempDir(), "XDG_CONFIG_HOME="},
		args: []string{"up", "--lab", "--lab-devices", "12", "--lab-port", "0", "--listen", "127.0.0.1:" + port, "--nats-listen", "127.0.0.1:0", "--data-dir", data},
	}
	t.Cleanup(func() {
		if up.Kill(); t.Failed() {
			t.Logf("it wrote:\n%s", tail(up.Log(), 6000))
		}
	})
	up.Start(t)
	Eventually(t, 30*time.Second, "netrust is up", func() error { return contains(up.Log(), "Ctrl-C stops it") })
	a := &API{URL: "http://127.0.0.1:" + port, Token: firstToken.FindString(up.Log())}
	run := func(key string) {
		t.Helper()
		spec := quick(nil, "show version")
		spec.Targets.All = true
		if job := a.Await(t, a.Submit(t, key, spec).ID, 30*time.Second); job.Counts.Succeeded != 12 {
			t.Errorf("the job %s the full disk is %s: %+v", key, job.State, job.Counts)
		}
	}
	run("before")
	disk.fill(0)
	Eventually(t, 10*time.Second, "it says that it is not ready and why", func() error {
		if err := up.Ready(); err == nil || !strings.Contains(err.Error(), "no space left") {
			return fmt.Errorf("it says %v", err)
		}
		return nil
	})
	if got := a.Send(t, "POST", api.PathJobs, nil, `{"targets":{"all":true},"commands":["show version"]}`); got.Status != 503 {
		t.Errorf("a submission on a full disk: %d %s", got.Status, got.Body)
	}
	if got := a.Send(t, "GET", api.PathJobs, nil, ""); got.Status != 200 {
		t.Errorf("a read on a full disk: %d %s", got.Status, got.Body)
	}
	disk.empty()
	Eventually(t, 20*time.Second, "it is ready again", up.Ready)
	run("after")
}
