package redact_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/netconfig/redact"
)

// In each case the secret is written between « and »; the redacted text has the mark there.
var secrets = map[string][]string{
	"cisco_ios": {
		"enable password «cisco»", "enable secret 5 «$1$mERr$hx5rVt7rPNoS4wqbXKX7m0»", "enable secret 9 «$9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM»",
		"enable password level 7 7 «0822455D0A16»", "enable password «my pass word»", "enable algorithm-type scrypt secret «topsecret»",
		"username cisco privilege 15 password 0 «cisco»", "username admin secret 8 «$8$dsYGNam3K1SIJO$7nv/35M/qr6t.dVc7UY9zrJDWRVqncHub1PE9UlMQFs»",
		"do username x password «y»", "no username x password 7 «070C285F4D06»",
		" password 7 «045802150C2E»", " password «line-password»",
		"snmp-server community «public» RO", "snmp-server community «s3cr3t» RW 10", "snmp-server host 10.0.0.1 «public»",
		"snmp-server host 10.0.0.1 vrf MGMT version 2c «traps-word»  bgp", "snmp-server host 10.0.0.1 traps version 3 priv «someone»",
		"snmp-server user netmon GROUP v3 auth sha «authpass123» priv aes 128 «privpass123»",
		"Community name: «ILMI»", "Community SecurityName: «ILMI»",
		"tacacs-server host 10.1.1.1 key 7 «0822455D0A16»", "tacacs-server key «shared»", "radius-server host 10.0.0.2 auth-port 1812 acct-port 1813 key «radiuskey»",
		"  server-private 10.0.0.3 key 7 «0822455D0A16»", " client 10.0.0.4 server-key 7 «13061E010803»",
		"crypto isakmp key «vpnkey» address 1.2.3.4", "crypto isakmp key 6 «]GG^EIVSVA» hostname peer.example.net", " pre-shared-key address 1.2.3.4 key «psk-word»",
		" pre-shared-key local 0 «local-psk»", " pre-shared-key «bare-psk»",
		"  key-string 7 «13061E010803»", " standby 1 authentication «hsrp-pw»", " standby 1 authentication md5 key-string 7 «0822455D0A16»", " vrrp 1 authentication text «vrrp-pw»",
		" ip ospf authentication-key 7 «0822455D0A16»", " ip ospf message-digest-key 1 md5 7 «0822455D0A16»", " ip ospf message-digest-key 1 md5 «clear»",
		" neighbor 10.0.0.1 password 7 «13061E010803»", " area-password «isis-pw»", " isis password «isis-pw» level-1", "ntp authentication-key 1 md5 «0822455D0A16» 7",
		" ip nhrp authentication «nhrp-pw»", " ppp chap password 0 «chap-pw»", " ppp pap sent-username u password 0 «pap-pw»", "ip ftp password 7 «0822455D0A16»",
		" wpa-psk ascii 0 «wlan-password»", " security wpa psk set-key ascii 0 «wlan-password»", "key config-key password-encrypt «master-key-1»",
		"copy ftp://user:«pass»@10.0.0.1/f flash:f", "    key 1 -- text \"«shown»\"", "% Unknown command: username x password «y»",
		"some text with a hash «$6$rounds5$abcdefgh» in it",
	},
	"cisco_nxos": {
		"username admin password 5 «$5$HHPDGM$abcdefg.hijk»  role network-admin", "snmp-server user admin network-admin auth md5 «0x1234abcd» priv «0x1234abcd» localizedkey",
		"snmp-server community «secret» group network-operator", "radius-server host 10.0.0.1 key 7 \"«fewhg»\" authentication accounting",
		"tacacs-server key 7 \"«fewhg123»\"", "  key-string 7 «070c285f4d06»", "  password 3 «a667d47acc18ea6b»",
	},
	"arista_eos": {
		"aaa root secret 5 «$1$zr7sHZaW$WagNykw1d5wjy4ZhtMgUS/»", "username admin privilege 15 role network-admin secret sha512 «$6$abc$defghij»",
		"enable password sha512 «$6$Zss$abcdef»", "   neighbor 10.0.0.1 password 7 «uLWZ9Rh1pTA=»", "tacacs-server key 7 «070E234F1F5B4A»", "snmp-server community «public» ro",
	},
	"frr": {
		"password «zebra»", "enable password «zebra»", "password 8 «Wzs5s0bmM6Jqs»", " neighbor 192.0.2.1 password «bgp-secret-word»",
		" ip ospf message-digest-key 1 md5 «ospf-pw»", "  key-string «rip-pw»", " ip rip authentication string «rip-pw»", " isis password md5 «isis-pw»", " domain-password clear «isis-pw»",
	},
	"juniper_junos": {
		"        encrypted-password \"«$6$abc$defg»\"; ## SECRET-DATA", "            secret \"«$9$abcdefg»\"; ## SECRET-DATA", "    authentication-key \"«$9$LmNx-wJGDH»\"; ## SECRET-DATA",
		"    pre-shared-key ascii-text \"«$9$LmNx-wJGDH»\"; ## SECRET-DATA", "set snmp community «public» authorization read-only",
		"set system root-authentication encrypted-password \"«$5$x$yyyyyy»\"", "set system login user a authentication plain-text-password-value \"«hello»\"",
		"set system tacplus-server 10.0.0.1 secret \"«a b c»\"", "set protocols bgp group x authentication-key \"«clear-text»\"", "set protocols ospf area 0 interface x authentication md5 1 key \"«ospfkey»\"",
		"set security ike policy p pre-shared-key hexadecimal «abcdef»", "    something \"«unknown»\"; ## SECRET-DATA", "            simple-password \"«$9$abc»\"; ## SECRET-DATA",
	},
	"generic_ssh": {
		"curl -H 'Authorization: Bearer «abc.def» ", "PGPASSWORD='x' psql", "DB_PASSWORD=«hunter2» ./run", "password: «hunter2»", "  \"password\": \"«hunter2»\",", "mysql --password=«hunter2» -u root",
		"login --password «hunter2»", "token=«abcdef»", "git clone https://me:«ghp_x»@example.org/r", "enable secret «foo»", "api_key: '«k»'",
	},
}

func TestSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	for platform, cases := range secrets {
		r := redact.New(platform)
		for _, c := range cases {
			text, want := open(c)
			if got := r.Text(text); got != want {
				t.Errorf("%s: %q\n got %q\nwant %q", platform, text, got, want)
			}
			if got := r.Command(text); got != want {
				t.Errorf("%s: as a command: %q\n got %q\nwant %q", platform, text, got, want)
			}
			if got := r.Text(want); got != want {
				t.Errorf("%s: a second time: %q\n got %q", platform, want, got)
			}
		}
	}
}

// open gives the text with its secret and with the mark.
func open(c string) (text, want string) {
	text = strings.NewReplacer("«", "", "»", "").Replace(c)
	for {
		from := strings.Index(c, "«")
		if from < 0 {
			return text, want + c
		}
		to := strings.Index(c, "»")
		want += c[:from] + redact.Mark
		c = c[to+len("»"):]
	}
}

var harmless = map[string][]string{
	"cisco_ios": {
		"service password-encryption", "no service password-recovery", "security passwords min-length 10", "aaa authentication login default group tacacs+ local",
		"key chain BGP", " key 1", "crypto key generate rsa modulus 2048", "ip ssh pubkey-chain", "ip community-list standard X permit 65000:1", " set community 65000:1 additive",
		" match community X", " neighbor 10.0.0.1 send-community both", "Password required, but none set", "% Password: the password is not set for this line",
		"snmp-server location here", "snmp-server contact me", "snmp-server enable traps", "snmp-server host 10.0.0.1 use-vrf management", "ip domain name example.local",
		"  Community: 65000:1 65000:2", "crypto pki trustpoint TP-self-signed-1", " standby 1 priority 110", "ip ospf authentication message-digest", "enable", "show running-config",
		"ntp authenticate", "ntp trusted-key 1", "$Id: x$", "cost $5 or $10",
	},
	"cisco_nxos": {"no password strength-check", "feature tacacs+", "password strength-check", "snmp-server user admin network-admin"},
	"juniper_junos": {
		"set policy-options community FOO members 65000:1", "    community FOO members 65000:1;", "    authentication-key-chains {", "key 1 {", "    key-chain x {",
	},
	"frr":         {"service integrated-vtysh-config", "key chain x", " key 1", "hostname r1", " bgp router-id 10.0.0.1"},
	"generic_ssh": {"uid=0(root) gid=0(root)", "http://example.org/a@b", "time=12:30:15"},
}

func TestWhatIsNoSecretStays(t *testing.T) {
	t.Parallel()
	for platform, lines := range harmless {
		r := redact.New(platform)
		for _, line := range lines {
			if got := r.Text(line); got != line {
				t.Errorf("%s: %q became %q", platform, line, got)
			}
		}
	}
}

func TestRecordedShowOutputStays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/show/*/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	for _, file := range files {
		text := read(t, file)
		for _, platform := range []string{filepath.Base(filepath.Dir(file)), "generic_ssh"} {
			if got := redact.New(platform).Text(text); got != text {
				t.Errorf("%s as %s changed", file, platform)
			}
		}
	}
}

func TestRecordedConfigsLoseTheirSecretsAndNothingElse(t *testing.T) {
	t.Parallel()
	for file, lost := range map[string][]string{
		"cisco_ios-1.cfg":  {"enable password [redacted]", "username cisco privilege 15 password 0 [redacted]"},
		"arista_eos-1.cfg": {"aaa root secret 5 [redacted]", "secret 5 [redacted]"},
		"cisco_nxos-1.cfg": nil,
	} {
		text := read(t, filepath.Join("testdata", file))
		platform, _, _ := strings.Cut(file, "-")
		got := redact.New(platform).Text(text)
		for _, line := range lost {
			if !strings.Contains(got, line) {
				t.Errorf("%s: %q is missing", file, line)
			}
		}
		if strings.Contains(got, "$1$") {
			t.Errorf("%s: a hash is left", file)
		}
		changed := 0
		before, after := strings.Split(text, "\n"), strings.Split(got, "\n")
		for i := range before {
			if before[i] != after[i] {
				changed++
			}
		}
		if len(before) != len(after) || changed > 4 || lost == nil && changed > 0 {
			t.Errorf("%s: %d lines became %d, and %d changed", file, len(before), len(after), changed)
		}
	}
}

const pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nQyNTUxOQAAACD=\n-----END OPENSSH PRIVATE KEY-----\n"

func TestPrivateKeysLoseTheirBody(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"before\n" + pem + "after word\n": "before\n-----BEGIN OPENSSH PRIVATE KEY-----\n[redacted]\n-----END OPENSSH PRIVATE KEY-----\nafter word\n",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nAAAA\nhost name r1\n": "-----BEGIN RSA PRIVATE KEY-----\n[redacted]\nhost name r1\n",
		`key "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"`:                             `key "-----BEGIN PRIVATE KEY-----[redacted]-----END PRIVATE KEY-----"`,
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n":                                 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	} {
		r := redact.New("juniper_junos")
		if got := r.Text(text); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got := r.Text(want); got != want {
			t.Errorf("a second time\n%s", got)
		}
	}
}

func TestBlocksSayWhatAKeyIs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"tacacs server A\n address ipv4 10.0.0.1\n key 12345678\n!\nkey chain B\n key 1\n  key-string x\n":                            "tacacs server A\n address ipv4 10.0.0.1\n key [redacted]\n!\nkey chain B\n key 1\n  key-string [redacted]\n",
		"snmp {\n    community public {\n        authorization read-only;\n    }\n}\npolicy {\n    community X;\n}\n":                 "snmp {\n    community [redacted] {\n        authorization read-only;\n    }\n}\npolicy {\n    community X;\n}\n",
		"Keyring      Hostname/Address    Preshared Key\n\ndefault      10.0.0.1            vpnkey\n             10.0.0.2  k\n":       "Keyring      Hostname/Address    Preshared Key\n\ndefault      10.0.0.1            [redacted]\n             10.0.0.2  [redacted]\n",
		"Keyring      Hostname/Address    Preshared Key\ndefault      10.0.0.1            vpnkey\n\nplain text\n":                     "Keyring      Hostname/Address    Preshared Key\ndefault      10.0.0.1            [redacted]\n\nplain text\n",
		"Community            Group / Access      context\n---------            --------------\nprivate              network-admin\n": "Community            Group / Access      context\n---------            --------------\n[redacted]              network-admin\n",
	} {
		if got := redact.New("").Text(text); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestLiteralsAreRedactedEverywhere(t *testing.T) {
	t.Parallel()
	r := redact.New("cisco_ios", "hunter2!", "abc", "hunter2!-longer", "redact", pem, "")
	for text, want := range map[string]string{
		"login hunter2!now":              "login [redacted]now",
		"x hunter2!-longer y":            "x [redacted] y",
		"abc abcd xabc abc.":             "[redacted] abcd xabc [redacted].",
		"[redacted] to redact":           "[redacted] to [redacted]",
		"b3BlbnNzaC1rZXktdjEAAAAA alone": "[redacted] alone",
		"":                               "",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q became %q; want %q", text, got, want)
		}
	}
}

func TestAStreamInPiecesGivesTheSame(t *testing.T) {
	t.Parallel()
	text := read(t, "testdata/cisco_ios-1.cfg") + pem + "enable secret foo"
	r := redact.New("cisco_ios", "CSR1000V")
	want := r.Text(text)
	for _, size := range []int{1, 2, 7, 100} {
		var got strings.Builder
		s := r.Stream(func(b []byte) { got.Write(b) })
		for at := 0; at < len(text); at += size {
			if _, err := s.Write([]byte(text[at:min(at+size, len(text))])); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		if got.String() != want {
			t.Errorf("in pieces of %d it differs", size)
		}
	}
}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func FuzzRedactTwiceIsRedactOnce(f *testing.F) {
	for _, cases := range secrets {
		for _, c := range cases {
			text, _ := open(c)
			f.Add(text, "hunter22")
		}
	}
	f.Add(pem, "x")
	f.Fuzz(func(t *testing.T, text, literal string) {
		if strings.ContainsAny(literal, "[]\n\r") {
			return
		}
		for _, platform := range []string{"cisco_ios", "juniper_junos", ""} {
			r := redact.New(platform, literal)
			once := r.Text(text)
			if twice := r.Text(once); twice != once {
				t.Fatalf("%s: %q, then %q, then %q", platform, text, once, twice)
			}
			outside := strings.ReplaceAll(once, redact.Mark, "\n")
			if len(literal) >= 6 && strings.TrimSpace(literal) != "" && !strings.HasPrefix(literal, "-----") && strings.Contains(outside, literal) {
				t.Fatalf("%s: the literal %q is left in %q", platform, literal, once)
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	text := strings.Repeat(read(b, "testdata/cisco_ios-1.cfg")+read(b, "testdata/show/cisco_ios/show_logging.txt"), 50)
	r := redact.New("cisco_ios", "the-login-password")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Text(text)
	}
}

func Example() {
	r := redact.New("cisco_ios", "lab-password")
	fmt.Println(r.Text("username admin privilege 15 password 7 0822455D0A16"))
	fmt.Println(r.Command("snmp-server community s3cr3t RW"))
	// Output:
	// username admin privilege 15 password 7 [redacted]
	// snmp-server community [redacted] RW
}
