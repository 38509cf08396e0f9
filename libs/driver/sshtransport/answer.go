package sshtransport

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/netrust/netrust/libs/driver"
)

// What servers ask by keyboard-interactive (RFC 4256). The texts are the servers' own: PAM's "Password: ", vendors'
// "Enter your TACACS+ password:", and translations of them.
var (
	asksUser     = regexp.MustCompile(`(?i)\b(user\s?name|user|login|account)\b`)
	asksPassword = regexp.MustCompile(`(?i)(password|passwort|passwd|mot de passe|contraseña|senha|wachtwoord|пароль|密码|口令|パスワード|암호)`)
	// Questions for what is not the account's password, though the word may stand in them.
	asksOther = regexp.MustCompile(`(?i)(one[- ]?time|\botp\b|passcode|token|verification|authenticator|two[- ]factor|\b2fa\b|\bmfa\b|\bcode\b|\bpin\b|\bduo\b|challenge|` +
		`\bnew\b|\bagain\b|retype|re-enter|confirm|expired|change)`)
)

// answerer answers a server's questions: the user's name when it asks for that openly, and the password once, to a hidden
// question that asks for a password. Everything else ends the login: a guess would cost one, and a one-time code is
// nothing that a stored credential can have.
type answerer struct {
	username string
	password driver.Secret
	given    bool  // the password was given
	refusal  error // why a question was not answered
}

func (a *answerer) answer(_, instruction string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, question := range questions {
		// OpenSSH puts PAM's notices before the question.
		notice, asked := lastLine(question)
		answer, err := a.one(asked, strings.TrimSpace(instruction+" "+notice), echos[i])
		if err != nil {
			a.refusal = err
			return nil, err
		}
		answers[i] = answer
	}
	return answers, nil
}

func (a *answerer) one(question, instruction string, echo bool) (string, error) {
	switch {
	case asksOther.MatchString(question) || asksOther.MatchString(instruction) && !asksPassword.MatchString(question):
		return "", fmt.Errorf("the server asks %s, for which a stored credential has no answer; one-time codes and password changes are not supported: use an account that has neither, or a key", quoted(question, instruction))
	case asksPassword.MatchString(question) && !echo:
		if a.given {
			return "", errors.New("the server asks for the password again")
		}
		a.given = true
		return a.password.Reveal(), nil
	case asksPassword.MatchString(question):
		return "", fmt.Errorf("the server asks %s and would show the answer; the password is not given", quoted(question, ""))
	case asksUser.MatchString(question) && echo:
		return a.username, nil
	default:
		return "", fmt.Errorf("the server asks %s, which is not known to be the user name or the password; it is not answered", quoted(question, instruction))
	}
}

// lastLine splits the last line that is not blank from what stands before it.
func lastLine(text string) (before, last string) {
	text = strings.TrimSpace(text)
	if i := strings.LastIndexAny(text, "\r\n"); i >= 0 {
		return text[:i], text[i+1:]
	}
	return "", text
}

// quoted shows what a server asked: one line of printable text, cut short.
func quoted(question, instruction string) string {
	text := strings.TrimSpace(question)
	if text == "" {
		text = strings.TrimSpace(instruction)
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > 80 {
		text = string(runes[:80]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
