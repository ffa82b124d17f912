package runner_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"conclave/call"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/group"
)

// issue makes a passport bundle of a device, as some service would.
func issue(t testing.TB, device keys.PublicKey) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: now, NotAfter: now.Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, PublicKey: public,
	}
	der, err := keys.SignPassport(authority, private, keys.Passport{
		Account: keys.NewAccountID(), Device: device, Name: "Guest", Class: keys.ClassPhone,
		Verified: now, NotBefore: now, NotAfter: now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := keys.PassportBundle{Chain: [][]byte{der}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// holder has a passport that may be exchanged, and believes everybody.
type holder struct {
	mu     sync.Mutex
	bundle []byte
}

func (h *holder) set(bundle []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bundle = bundle
}

func (h *holder) Own(context.Context) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bundle
}

func (h *holder) Check(context.Context, keys.Descriptor, call.Shown) call.Proof {
	return call.NoAccounts()
}

// The host's program shows a knock only when the passport that is shown, and will be
// checked, is the very credential of the key package.
func TestKnockShowsThePassportOfItsKeyPackage(t *testing.T) {
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]func(a, b []byte) (leaf, shown []byte, in bool){
		"a guest":                func(_, _ []byte) ([]byte, []byte, bool) { return nil, nil, true },
		"the same":               func(a, _ []byte) ([]byte, []byte, bool) { return a, a, true },
		"another one is shown":   func(a, b []byte) ([]byte, []byte, bool) { return a, b, false },
		"shown, not in the leaf": func(a, _ []byte) ([]byte, []byte, bool) { return nil, a, false },
		"in the leaf, not shown": func(a, _ []byte) ([]byte, []byte, bool) { return a, nil, false },
		"nonsense is shown":      func(a, _ []byte) ([]byte, []byte, bool) { return a, []byte("x"), false },
		"another device's shown": func(a, _ []byte) ([]byte, []byte, bool) { return a, issue(t, other.Public()), false },
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHall(t)
			host := newPerson(t, "", through(h))
			id := host.create(keys.ModeE2EE, false)
			about := host.now()
			leaf, shown, in := row(issue(t, device.Public()), issue(t, device.Public()))
			j, err := group.Prepare(group.Config{
				Device: device, Descriptor: about.Sealed, Meeting: id, Passport: keys.CertificateIn(leaf, device.Public()),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			statement, err := device.SignName(id, 1, "Guest")
			if err != nil {
				t.Fatal(err)
			}
			knock := keys.NewKnock(statement, "")
			knock.Passport = shown
			sealed, err := keys.SealKnock(about.About.LobbyKey, id, device.Public(), knock)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := h.Dial(device.Public())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := conn.Send(t.Context(), wire.Knock{Ref: 1, Meeting: id, KeyPackage: j.KeyPackage(), Sealed: sealed}); err != nil {
				t.Fatal(err)
			}
			if got := len(host.now().Lobby) == 1; got != in {
				t.Errorf("%s: waits in the lobby: %t, want %t", name, got, in)
			}
		})
	}
}

// A passport that is there before the knock is the credential in the leaf, for all.
func TestMembersSeeThePassportInTheLeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host := newPerson(t, "", through(h))
		id := host.create(keys.ModeE2EE, false)
		synctest.Wait()
		holds := &holder{}
		guest := newPerson(t, "", through(h), func(c *runner.Config) { c.Passports = holds })
		bundle := issue(t, guest.device.Public())
		holds.set(bundle)
		guest.join(id, "Guest")
		time.Sleep(time.Second)
		host.r.Do(call.Admit{})
		time.Sleep(3 * time.Second)
		sees := func(when string, bundle []byte) {
			t.Helper()
			for _, p := range []*person{host, guest} {
				m, in := p.now().Person(guest.device.Public())
				if want := call.HashPassport(keys.CertificateIn(bundle, m.Key)); !in || m.Passport != want {
					t.Errorf("%s: another passport in the leaf", when)
				}
			}
		}
		sees("after joining", bundle)
		next := issue(t, guest.device.Public())
		holds.set(next)
		guest.r.Do(call.CheckAgain{})
		time.Sleep(2 * call.RenewAfter)
		sees("after a renewal", next)
		epoch := host.now().Epoch
		guest.r.Do(call.CheckAgain{})
		time.Sleep(4 * call.HeartbeatEvery)
		equal(t, "epoch without a renewal", host.now().Epoch, epoch)
	})
}
