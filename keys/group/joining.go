package group

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"conclave/keys"
)

// Joining is a device that has knocked and waits for a Welcome. It holds the
// private half of a key package that is good for one meeting, once.
type Joining struct {
	meeting meeting
	joiner  joiner // nil when used
	public  []byte
}

// Prepare makes a fresh key package for the meeting.
func Prepare(cfg Config) (*Joining, error) {
	m, err := cfg.verify()
	if err != nil {
		return nil, fmt.Errorf("prepare to join: %w", err)
	}
	if cfg.Device.Public() == m.descriptor.Host {
		return nil, fmt.Errorf("prepare to join: the host creates the group and does not join it")
	}
	j, err := prepare(m)
	if err != nil {
		return nil, fmt.Errorf("prepare to join: %w", err)
	}
	return &Joining{meeting: m, joiner: j, public: j.keyPackage()}, nil
}

// KeyPackage returns the key package to knock with.
func (j *Joining) KeyPackage() []byte { return bytes.Clone(j.public) }

// Join enters the group with the Welcome that the service delivered. It refuses a
// Welcome for another key package or another meeting, one that the host has not
// signed, and a group in which the host is missing, a device stands twice or a
// credential is not its device key or a passport of it. Afterwards the private half is wiped and a second
// use fails with ErrUsed; after an error the true Welcome can still come.
func (j *Joining) Join(welcome []byte) (*Group, error) {
	if j.joiner == nil {
		return nil, fmt.Errorf("join: %w", ErrUsed)
	}
	inner, err := j.meeting.openWelcome(welcome)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	e, id, err := j.joiner.join(inner)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	g, err := j.accept(e, id)
	if err != nil {
		e.close()
		return nil, fmt.Errorf("join: %w", err)
	}
	j.Close()
	return g, nil
}

func (j *Joining) accept(e engine, id []byte) (*Group, error) {
	if !bytes.Equal(id, j.meeting.id[:]) {
		return nil, ErrOtherMeeting
	}
	g, err := newGroup(j.meeting, e)
	if err != nil {
		return nil, err
	}
	if _, ok := g.find(g.Host()); !ok {
		return nil, &ForbiddenError{Why: AddNotByHost}
	}
	if self, ok := g.find(j.meeting.device.Public()); !ok || self.Leaf != e.self() {
		return nil, ErrInvalid
	}
	return g, nil
}

// contextWelcome is the context of the host's signature over a Welcome.
const contextWelcome = "welcome"

// signWelcome puts the host's signature in front of an MLS Welcome. MLS lets any
// member make one; with the help of the service a member could so lead a joiner into
// a group of its own, with the true host's name in it.
func (m meeting) signWelcome(welcome []byte) []byte {
	if len(welcome) == 0 {
		return nil
	}
	return append(m.device.Sign(contextWelcome, m.welcomeHash(welcome)), welcome...)
}

// openWelcome checks the host's signature and returns the MLS Welcome.
func (m meeting) openWelcome(signed []byte) ([]byte, error) {
	if len(signed) <= ed25519.SignatureSize {
		return nil, ErrInvalid
	}
	signature, welcome := signed[:ed25519.SignatureSize], signed[ed25519.SignatureSize:]
	if !keys.Verify(m.descriptor.Host, contextWelcome, m.welcomeHash(welcome), signature) {
		return nil, ErrInvalid
	}
	return welcome, nil
}

func (m meeting) welcomeHash(welcome []byte) []byte {
	sum := sha256.Sum256(welcome)
	return append(m.id[:], sum[:]...)
}

// Close wipes the private half of the key package.
func (j *Joining) Close() {
	if j.joiner != nil {
		j.joiner.close()
		j.joiner = nil
	}
}

// CheckKeyPackage returns the device that made a key package, when it is well
// formed, signed by that device, not expired, and fit for this meeting. The host
// calls it before showing a knock; Commit calls it again. passport is the certificate
// (DER) that is the credential in it, nil for a guest: whether it is to be believed is
// for the caller to find out.
func CheckKeyPackage(cfg Config, kp []byte) (device keys.PublicKey, passport []byte, err error) {
	m, err := cfg.verify()
	if err != nil {
		return keys.PublicKey{}, nil, fmt.Errorf("check key package: %w", err)
	}
	device, passport, err = m.checkKeyPackage(kp)
	if err != nil {
		return keys.PublicKey{}, nil, fmt.Errorf("check key package: %w", err)
	}
	return device, passport, nil
}

func (m meeting) checkKeyPackage(kp []byte) (keys.PublicKey, []byte, error) {
	l, err := inspect(m, kp)
	if err != nil {
		return keys.PublicKey{}, nil, errors.Join(ErrInvalid, err)
	}
	key, ok := l.key()
	if !ok {
		return keys.PublicKey{}, nil, &ForbiddenError{Why: BadCredential}
	}
	return key, bytes.Clone(l.passport), nil
}
