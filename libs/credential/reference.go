package credential

import "strings"

// The schemes of references.
const (
	SchemeEnv  = "env"
	SchemeFile = "file"
	SchemeAge  = "age"
)

// maxReference is the longest reference in bytes.
const maxReference = 128

// Reference names a credential: scheme and name, written env:LAB.
type Reference struct {
	Scheme string
	Name   string
}

// String is the reference as it is written.
func (r Reference) String() string { return r.Scheme + ":" + r.Name }

// ParseReference reads a reference. It looks at the form and at the scheme alone: whether the credential exists, only the
// process that resolves it can tell. The errors are *[ReferenceError] and *[UnknownSchemeError]; neither repeats the
// text, which may be a password that somebody wrote in the wrong field.
func ParseReference(text string) (Reference, error) {
	scheme, name, found := strings.Cut(text, ":")
	switch {
	case text == "":
		return Reference{}, &ReferenceError{Message: "is empty", Remedy: "name one, such as env:LAB"}
	case len(text) > maxReference:
		return Reference{}, &ReferenceError{Message: "is longer than 128 bytes", Remedy: "give the credential a shorter name"}
	case !found:
		return Reference{}, &ReferenceError{
			Message: "is not a reference to a credential",
			Remedy:  "write scheme and name, such as env:LAB, file:lab or age:lab; never put a secret here",
		}
	}
	var err error
	switch scheme {
	case SchemeEnv:
		err = checkEnvName(name)
	case SchemeFile, SchemeAge:
		err = checkEntryName(scheme, name)
	default:
		err = &UnknownSchemeError{}
	}
	if err != nil {
		return Reference{}, err
	}
	return Reference{Scheme: scheme, Name: name}, nil
}

func checkEnvName(name string) error {
	if name == "" || !upper(name[0]) || !all(name, func(c byte) bool { return upper(c) || digit(c) || c == '_' }) {
		return &ReferenceError{
			Message: "has a name that no environment variable can have",
			Remedy:  "after env: use capital letters, digits and _, beginning with a letter, such as env:LAB",
		}
	}
	return nil
}

// checkEntryName looks at the name of an entry of a file.
func checkEntryName(scheme, name string) error {
	if strings.Contains(name, "/") {
		return &ReferenceError{
			Message: "has a path after " + scheme + ":",
			Remedy:  "write the name of an entry, such as " + scheme + ":lab; the path of the credentials file is a setting of the executor",
		}
	}
	if !EntryName(name) {
		return &ReferenceError{
			Message: "has a name that no entry can have",
			Remedy:  "after " + scheme + ": use letters, digits, dots, _ and -, such as " + scheme + ":core-routers",
		}
	}
	return nil
}

// EntryName reports whether an entry of a credentials file can have the name.
func EntryName(name string) bool {
	return name != "" && len(name) <= maxReference-len(SchemeFile)-1 &&
		all(name, func(c byte) bool { return lower(c) || upper(c) || digit(c) || strings.IndexByte("_.-", c) >= 0 })
}

func all(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }
func lower(c byte) bool { return c >= 'a' && c <= 'z' }
func digit(c byte) bool { return c >= '0' && c <= '9' }
