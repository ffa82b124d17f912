// Package registrytest holds the partners of a registry for tests: a mail server
// with STARTTLS, an SMS gateway, an OpenID provider, a store that fails before
// or after its effect, and a whole service around them. They speak the real
// protocols over real sockets on this computer. It is for tests and the demo.
package registrytest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// MailServer is an SMTP server that keeps what it gets.
type MailServer struct {
	Roots *x509.CertPool
	Port  int

	listener net.Listener
	config   *tls.Config
	group    sync.WaitGroup

	mutex    sync.Mutex
	messages map[string][]string // by recipient
	refuse   string              // SMTP answer to RCPT, when set
	plain    bool                // does not offer STARTTLS
	clear    int                 // commands with data that came unencrypted
	open     map[net.Conn]bool
}

// NewMailServer starts one that ends with the test.
func NewMailServer(t testing.TB) *MailServer {
	t.Helper()
	certificate, roots := certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &MailServer{
		Roots: roots, Port: listener.Addr().(*net.TCPAddr).Port, listener: listener,
		config:   &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		messages: map[string][]string{}, open: map[net.Conn]bool{},
	}
	s.group.Go(s.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		s.mutex.Lock()
		for c := range s.open {
			_ = c.Close()
		}
		s.mutex.Unlock()
		s.group.Wait()
	})
	return s
}

// Refuse makes the server answer RCPT with this line; "" accepts again.
func (s *MailServer) Refuse(answer string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refuse = answer
}

// Plain makes the server hide that it can encrypt, as an attacker would.
func (s *MailServer) Plain(plain bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.plain = plain
}

// InClear counts messages that were offered without encryption.
func (s *MailServer) InClear() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.clear
}

var codePattern = regexp.MustCompile(`(?m)^(\d{6}) is your code`)

// Code returns the code in the newest message to an address, or "".
func (s *MailServer) Code(address string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	all := s.messages[address]
	if len(all) == 0 {
		return ""
	}
	if m := codePattern.FindStringSubmatch(all[len(all)-1]); m != nil {
		return m[1]
	}
	return ""
}

// Messages returns what an address got.
func (s *MailServer) Messages(address string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]string(nil), s.messages[address]...)
}

func (s *MailServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mutex.Lock()
		s.open[conn] = true
		s.mutex.Unlock()
		s.group.Go(func() {
			s.talk(conn)
			_ = conn.Close()
			s.mutex.Lock()
			delete(s.open, conn)
			s.mutex.Unlock()
		})
	}
}

func (s *MailServer) talk(raw net.Conn) {
	conn, encrypted, to := raw, false, ""
	reader := bufio.NewReader(conn)
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	say("220 test ESMTP")
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		s.mutex.Lock()
		refuse, plain := s.refuse, s.plain
		if strings.EqualFold(verb, "RCPT") && !encrypted {
			s.clear++
		}
		s.mutex.Unlock()
		switch strings.ToUpper(verb) {
		case "EHLO":
			if !encrypted && !plain {
				say("250-test\r\n250 STARTTLS")
			} else {
				say("250-test\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go")
			secure := tls.Server(conn, s.config)
			if secure.Handshake() != nil {
				return
			}
			conn, encrypted, reader = secure, true, bufio.NewReader(secure)
		case "MAIL", "NOOP", "RSET", "HELO":
			say("250 ok")
		case "AUTH":
			say("235 ok")
		case "RCPT":
			if refuse != "" {
				say(refuse)
				continue
			}
			to = rest[strings.Index(rest, "<")+1 : strings.Index(rest, ">")]
			say("250 ok")
		case "DATA":
			say("354 go")
			var body strings.Builder
			for {
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				body.WriteString(strings.ReplaceAll(line, "\r\n", "\n"))
			}
			s.mutex.Lock()
			s.messages[to] = append(s.messages[to], body.String())
			s.mutex.Unlock()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what")
		}
	}
}

func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
