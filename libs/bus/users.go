package bus

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/crypto/bcrypt"
)

// ServerUser is the administrator of NATS: it makes and upgrades the streams, and may do everything. No service needs it.
const ServerUser = "netrust"

// grant is what a service may do on the server; the table is generated from schemas/asyncapi.yaml.
type grant struct {
	publish, subscribe []string // subjects, with wildcards
	streams            []string // that it uses
}

// Users lists all users of NATS, sorted: the services of asyncapi.yaml and the administrator.
func Users() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(grants)), ServerUser)))
}

// PasswordFile is where the password of the administrator is kept, and UserPasswordFile that of any user.
func PasswordFile(dir string) string { return UserPasswordFile(dir, ServerUser) }

// UserPasswordFile is where the password of a user is kept in a directory of passwords, such as the data directory of an
// embedded server: readable by its owner alone.
func UserPasswordFile(dir, user string) string {
	if user == ServerUser {
		return filepath.Join(dir, adminPasswordFile)
	}
	return filepath.Join(dir, "nats-"+user+".password")
}

// adminPasswordFile has its name from the time when it was the only one.
const adminPasswordFile = "nats.password"

// HashVariable is the variable from which deploy/nats/authorization.conf takes the hash of a user's password.
func HashVariable(user string) string {
	return "NATS_HASH_" + strings.ToUpper(strings.ReplaceAll(user, "-", "_"))
}

// userOf is who logs in with the password file when no user is named: the service, or the administrator where it is his file.
func userOf(user, service, passwordFile string) string {
	if user == "" && filepath.Base(passwordFile) == adminPasswordFile {
		return ServerUser
	}
	return cmp.Or(user, service, ServerUser)
}

// Password returns the password of a user in a directory, making one that cannot be guessed when there is none. The file
// appears whole.
func Password(dir, user string) (string, error) {
	file := UserPasswordFile(dir, user)
	b, err := os.ReadFile(file)
	if err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading the NATS password of %s: %w", user, err)
	}
	raw := make([]byte, 24)
	rand.Read(raw) //nolint:errcheck // crypto/rand.Read never fails
	password := base64.RawURLEncoding.EncodeToString(raw)
	// Whole or not at all: a service that starts at the same time must not read half of it.
	part := file + ".part"
	err = os.WriteFile(part, []byte(password+"\n"), 0o600)
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		return "", fmt.Errorf("keeping the NATS password of %s: %w", user, err)
	}
	return password, nil
}

// HashPassword is what a NATS server is given instead of the password. The password is random: the hash needs no work
// factor, it only keeps the plain text out of the server's settings.
func HashPassword(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return "", fmt.Errorf("hashing a NATS password: %w", err)
	}
	return string(hash), nil
}

// loadUsers makes the users of an embedded server, with passwords from its directory.
func loadUsers(dir string) ([]*server.User, map[string]string, error) {
	var users []*server.User
	passwords := map[string]string{}
	for _, name := range Users() {
		password, err := Password(dir, name)
		if err != nil {
			return nil, nil, err
		}
		hash, err := HashPassword(password)
		if err != nil {
			return nil, nil, err
		}
		passwords[name] = password
		u := &server.User{Username: name, Password: hash}
		if g, ok := grants[name]; ok {
			u.Permissions = &server.Permissions{
				Publish:   &server.SubjectPermission{Allow: g.publish},
				Subscribe: &server.SubjectPermission{Allow: g.subscribe},
			}
		}
		users = append(users, u)
	}
	return users, passwords, nil
}
