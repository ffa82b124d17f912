package kiosk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"conclave/call/link"
	"conclave/keys"
	"conclave/keys/registry/client"
	"conclave/keys/registry/wire"
)

// Enrolment gives a room its lasting identity: a key on this machine, and, where
// the service keeps accounts, an account in the room's name whose address an
// administrator proves once by a code.
type Enrolment struct {
	Folder  string // the kiosk's
	Service string
	Pin     string
	Name    string // of the room, as in the policy
}

// Enrolled is what came of it.
type Enrolled struct {
	Fingerprint string
	Keys        string // keychain or sealed file
	Class       string // of the account; "" without one
}

// enrolFile keeps the reference of a code that is on its way.
const enrolFile = "enrolment.json"

type attempt struct {
	Service string `json:"service"`
	Attempt string `json:"attempt"`
}

var errNoAttempt = errors.New("enrol: no code was asked for; begin with conclave kiosk enrol --address ADDRESS")

// Make makes the room's key where there is none.
func (e Enrolment) Make() (Enrolled, error) {
	if err := os.MkdirAll(e.Folder, 0o750); err != nil {
		return Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	key, place, err := makeIdentity(e.Folder)
	if err != nil {
		return Enrolled{}, err
	}
	return Enrolled{Fingerprint: key.Public().Fingerprint(), Keys: placeName(place)}, nil
}

// Ask makes the key and has the service send a code to an address, which should be
// the room's own: an account has one name.
func (e Enrolment) Ask(ctx context.Context, address string) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	started, err := c.StartSignIn(ctx, address)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	text, err := json.Marshal(attempt{e.Service, started.Attempt})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(e.Folder, enrolFile), text, 0o600); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	return nil
}

// Finish hands the code in. The account carries the room's name from then on; a seat
// that was assigned to its address is taken.
func (e Enrolment) Finish(ctx context.Context, code string) (Enrolled, error) {
	path := filepath.Join(e.Folder, enrolFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Enrolled{}, errNoAttempt
	}
	var a attempt
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	if a.Service != e.Service {
		return Enrolled{}, errNoAttempt
	}
	c, err := e.client()
	if err != nil {
		return Enrolled{}, err
	}
	account, err := c.FinishSignIn(ctx, a.Attempt, code, NameOf(e.Name))
	if err != nil {
		return Enrolled{}, fmt.Errorf("enrol: %w", err)
	}
	_ = os.Remove(path)
	if err := forgetKnown(e.Folder); err != nil {
		return Enrolled{}, err
	}
	if string(account.Name) != NameOf(e.Name) {
		if account, err = c.Rename(ctx, NameOf(e.Name)); err != nil {
			return Enrolled{}, fmt.Errorf("enrol: name the account: %w", err)
		}
	}
	if seated, err := c.ClaimSeat(ctx); err == nil {
		account = seated
	} else if refused := (*wire.Error)(nil); !errors.As(err, &refused) {
		return Enrolled{}, fmt.Errorf("enrol: take the seat: %w", err)
	}
	out, err := e.Make()
	out.Class = account.Class.String()
	return out, err
}

// Forget deletes the room's key from this machine. Its account, where there is one,
// stays until an administrator ends it.
func (e Enrolment) Forget() error {
	if err := os.Remove(filepath.Join(e.Folder, enrolFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the room: %w", err)
	}
	if err := forgetKnown(e.Folder); err != nil {
		return err
	}
	return forget(e.Folder)
}

func (e Enrolment) client() (*client.Client, error) {
	if e.Service == "" {
		return nil, errors.New(`enrol: the managed policy names no "service"`)
	}
	if err := os.MkdirAll(e.Folder, 0o750); err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	key, _, err := makeIdentity(e.Folder)
	if err != nil {
		return nil, err
	}
	if _, err := keys.CleanName(NameOf(e.Name)); err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	return client.New(client.Config{
		Service: e.Service, Device: key,
		Transport: &http.Transport{TLSClientConfig: link.TLS(e.Pin)},
	})
}
