package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
)

// maxRaw bounds a raw output in memory.
const maxRaw = 64 << 20

func (a *app) jobRaw() *cobra.Command {
	var device, identity string
	cmd := &cobra.Command{
		Use: "raw JOB", Short: "Print what one device answered as it was, secrets and all",
		Long: `Prints what one device answered before secrets were redacted. Only jobs that were submitted with --keep-raw have it, encrypted to
the executors' keys: it is decrypted on this machine, with the key in a file that age-keygen made.`,
		Example: "  netrust job raw 3kq5v2xw7a4m6z1p --device edge-1 --identity raw.identity",
		Args:    Arguments(1, 1, "a job's id"), ValidArgsFunction: a.completeFirst(a.completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if device == "" || identity == "" {
				return &ExitError{Code: ExitMisuse, Text: "name the device (--device) and the file of the key (--identity): both are needed"}
			}
			keys, err := readIdentities(identity)
			if err != nil {
				return err
			}
			return a.withClient(func(c *client.Client) error {
				var sealed bytes.Buffer
				sum, err := c.Raw(cmd.Context(), args[0], device, &sealed)
				if err != nil {
					return err
				}
				outputs, err := unseal(&sealed, keys, sum)
				if err != nil {
					return fmt.Errorf("opening the raw output of %s: %w", device, err)
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), outputs)
				}
				for _, o := range outputs {
					if _, err := fmt.Fprintf(a.Stdout, "$ %s\n%s\n", o.Command, o.Output); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&device, "device", "", "the device's id")
	cmd.Flags().StringVar(&identity, "identity", "", "file that holds the key, such as raw.identity in the data directory of netrust up")
	a.complete(cmd, "device", a.completeDevices)
	return cmd
}

// readIdentities reads a file that age-keygen made. What is wrong with its text is not repeated: it may hold the key.
func readIdentities(path string) ([]age.Identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &ExitError{Code: ExitMisuse, Text: fmt.Sprintf("--identity: %v; name the file that holds the key", err)}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, &ExitError{Code: ExitMisuse, Text: fmt.Sprintf("--identity: others can read %s (mode %o): chmod 600 %s", path, mode, path)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &ExitError{Code: ExitMisuse, Text: "--identity: " + err.Error()}
	}
	keys, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, &ExitError{Code: ExitMisuse, Text: fmt.Sprintf("--identity: %s holds no key of age; age-keygen makes such files", path)}
	}
	return keys, nil
}

// unseal decrypts a raw output, and checks that it is the one that was named.
func unseal(sealed io.Reader, keys []age.Identity, sum string) ([]contract.CommandOutput, error) {
	r, err := age.Decrypt(sealed, keys...)
	if errors.As(err, new(*age.NoIdentityMatchError)) {
		return nil, errors.New("it is not encrypted to this key; use that of the executor (raw_identity_file), or one of its raw_recipients")
	}
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxRaw+1))
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	if len(plain) > maxRaw {
		return nil, fmt.Errorf("it has more than %d bytes", maxRaw)
	}
	if got := sha256.Sum256(plain); hex.EncodeToString(got[:]) != sum {
		return nil, errors.New("its content is not what its name says: it was altered")
	}
	var outputs []contract.CommandOutput
	if err := json.Unmarshal(plain, &outputs); err != nil {
		return nil, errors.New("it holds something else than outputs")
	}
	return outputs, nil
}
