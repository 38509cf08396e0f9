package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/chain"
	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
)

// heads are the flags that say what is known of a log.
type heads struct {
	after string
	known []string
}

func (h *heads) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&h.after, "after", "", "go on after this head of an earlier verification, as it was printed: SEQ:HASH")
}

// verifier makes the verifier, and returns where it begins.
func (h *heads) verifier(cmd *cobra.Command, more ...string) (*chain.Verifier, chain.Head, error) {
	after := chain.Start()
	var err error
	if h.after != "" {
		if after, err = chain.ParseHead(h.after); err != nil {
			return nil, after, misusedIn(cmd, "--after: %v", err)
		}
	}
	var known []chain.Head
	for _, text := range append(more, h.known...) {
		head, err := chain.ParseHead(text)
		if err != nil {
			return nil, after, misusedIn(cmd, "--head: %v", err)
		}
		known = append(known, head)
	}
	v, err := chain.New(after, known...)
	if err != nil && !errors.As(err, new(*chain.BrokenError)) {
		return nil, after, misusedIn(cmd, "%v", err)
	}
	return v, after, err
}

// verdict is the result of a verification.
type verdict struct {
	Intact  bool       `json:"intact"`
	Records uint64     `json:"records"`
	Head    chain.Head `json:"head"`
	// Broken is the first record at fault, and Reason what is wrong with it.
	Broken uint64 `json:"broken_record,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (a *app) auditVerify() *cobra.Command {
	var h heads
	var file string
	cmd := &cobra.Command{
		Use: "verify", Short: "Verify that the audit log was not changed",
		Long: `Reads all records, from the server or from an export, and checks here that they are a chain without a break. It prints the
log's head: keep it somewhere else. Given again by --head, it shows also that the log's end was not cut off, and that the
log was not written anew; by --after, only what came since is read.

Exit code: 0 when the log is intact, 1 when it is not, with the first record at fault.`,
		Example: `  netrust audit verify
  netrust audit verify --head "$(cat last-head)"
  netrust audit verify --file audit.jsonl`,
		Args: Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file != "" {
				v, _, err := h.verifier(cmd)
				if err == nil {
					err = verifyFile(v, file, a.Stdin)
				}
				return a.tellVerdict(v, err)
			}
			return a.withClient(func(c *client.Client) error {
				v, err := h.download(cmd, c, func([]byte) error { return nil })
				return a.tellVerdict(v, err)
			})
		},
	}
	h.bind(cmd)
	cmd.Flags().StringArrayVar(&h.known, "head", nil, "a head that the log must contain, as an earlier verification printed it: SEQ:HASH; may be repeated")
	cmd.Flags().StringVar(&file, "file", "", "verify this export instead of the server's log; - is standard input")
	return cmd
}

// download reads the server's log and verifies it; each gets what is verified, byte by byte.
func (h *heads) download(cmd *cobra.Command, c *client.Client, each func(line []byte) error) (*chain.Verifier, error) {
	v, after, err := h.verifier(cmd)
	if err != nil {
		return v, err
	}
	err = c.AuditLog(cmd.Context(), after.Seq, func(head string, lines io.Reader) error {
		// What the server says is the end must be there: a connection that ends early is no intact log.
		if v, _, err = h.verifier(cmd, head); err != nil {
			return err
		}
		return chain.Lines(lines, func(line []byte) error {
			if err := v.Record(line); err != nil {
				return err
			}
			return each(line)
		})
	})
	return v, err
}

func verifyFile(v *chain.Verifier, file string, stdin io.Reader) error {
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return misused("reading the export: %v", err)
		}
		defer f.Close() //nolint:errcheck // it was only read
		in = f
	}
	return chain.Lines(in, v.Record)
}

// tellVerdict says how a verification ended.
func (a *app) tellVerdict(v *chain.Verifier, err error) error {
	var head chain.Head
	if err == nil {
		head, err = v.End()
	}
	out := verdict{Intact: err == nil, Head: head}
	if v != nil {
		out.Records = v.Count()
	}
	var broken *chain.BrokenError
	switch {
	case errors.As(err, &broken):
		out.Broken, out.Reason = broken.Record, broken.Why
	case errors.Is(err, chain.ErrCutOff):
		out.Broken, out.Reason = out.Records+1, err.Error()
	case err != nil:
		return err
	}
	if a.format() != render.FormatTable {
		if err := render.Encode(a.Stdout, a.format(), out); err != nil {
			return err
		}
	} else if out.Intact {
		if _, err := fmt.Fprintf(a.Stdout, "The log is intact: %d records.\nHead: %s\n", out.Records, head); err != nil {
			return err
		}
	}
	if out.Intact {
		return nil
	}
	if a.format() == render.FormatTable {
		a.tell("netrust: %s", render.Clean((&chain.BrokenError{Record: out.Broken, Why: out.Reason}).Error()))
		a.tell("%d records before it are intact. Keep the log as it is, and compare it with a mirror or an export.", out.Records)
	}
	return failedQuietly()
}

func (a *app) auditExport() *cobra.Command {
	var h heads
	cmd := &cobra.Command{
		Use: "export FILE", Short: "Keep the audit log in a file that can be verified",
		Long: `Writes the records byte by byte, one per line, and verifies them on the way; what is broken leaves no file. - is standard
output.`,
		Example: "  netrust audit export audit.jsonl\n  netrust audit export --after \"$(cat last-head)\" audit-2.jsonl",
		Args:    Arguments(1, 1, "a file to write, or - for standard output"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				return a.export(args[0], func(w io.Writer) error {
					v, err := h.download(cmd, c, func(line []byte) error {
						_, err := w.Write(append(slices.Clip(line), '\n'))
						return err
					})
					if err != nil {
						return err
					}
					head, err := v.End()
					if err == nil {
						a.tell("%d records. Head: %s", v.Count(), head)
					}
					return err
				})
			})
		},
	}
	h.bind(cmd)
	return cmd
}

// export writes a file that appears only when it is whole. It is readable by its owner alone.
func (a *app) export(path string, write func(io.Writer) error) (err error) {
	if path == "-" {
		out := bufio.NewWriter(a.Stdout)
		return errors.Join(write(out), out.Flush())
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return misused("writing the export: %v", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	out := bufio.NewWriter(f)
	err = errors.Join(write(out), out.Flush(), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
