package sshtransport

import (
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
)

// algorithms orders what we offer by cost: X25519 before the post-quantum hybrid (0.2 to 0.3 ms of CPU per handshake), AES-GCM first.
// The rest of what the library calls safe follows; legacy adds what it calls insecure, last.
func algorithms(legacy bool) ssh.Config {
	if legacy {
		return old()
	}
	return modern()
}

// The lists are made once: the library gives new copies each time, and only reads what it gets.
var (
	modern = sync.OnceValue(func() ssh.Config { return ordered(false) })
	old    = sync.OnceValue(func() ssh.Config { return ordered(true) })
)

func ordered(legacy bool) ssh.Config {
	supported := ssh.SupportedAlgorithms()
	c := ssh.Config{
		KeyExchanges: first(supported.KeyExchanges, ssh.KeyExchangeCurve25519),
		Ciphers:      first(supported.Ciphers, ssh.CipherAES128GCM, ssh.CipherAES256GCM),
		MACs:         supported.MACs,
	}
	if legacy {
		insecure := ssh.InsecureAlgorithms()
		c.KeyExchanges = append(c.KeyExchanges, insecure.KeyExchanges...)
		c.Ciphers = append(c.Ciphers, insecure.Ciphers...)
		c.MACs = append(c.MACs, insecure.MACs...)
	}
	return c
}

// first moves the names to the front of the list, where it has them.
func first(list []string, names ...string) []string {
	front := make([]string, 0, len(list))
	for _, name := range names {
		if slices.Contains(list, name) {
			front = append(front, name)
		}
	}
	for _, name := range list {
		if !slices.Contains(names, name) {
			front = append(front, name)
		}
	}
	return front
}

// hostKeyAlgorithms turns stored key types into what the server is asked for. Without a stored key all plain types are:
// no certificates, which a store of keys cannot judge.
func hostKeyAlgorithms(stored []string, legacy bool) []string {
	if len(stored) == 0 {
		stored = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSA}
		if legacy {
			//lint:ignore SA1019 devices that have nothing better, with permission per device
			stored = append(stored, ssh.InsecureKeyAlgoDSA)
		}
	}
	var list []string
	for _, t := range stored {
		if t != ssh.KeyAlgoRSA {
			list = append(list, t)
			continue
		}
		list = append(list, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512)
		if legacy {
			list = append(list, ssh.KeyAlgoRSA)
		}
	}
	return list
}
