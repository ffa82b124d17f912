package schedule

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

// Joiner returns the joiner secret of the epoch with the given context (section 8).
func Joiner(s *suite.Suite, init, commit suite.Secret, context []byte) suite.Secret {
	pre := s.Extract(init, commit)
	defer pre.Wipe()
	return s.ExpandWithLabel(pre, "joiner", context, s.HashSize())
}

// Welcome returns the welcome secret (section 8).
func Welcome(s *suite.Suite, joiner, psk suite.Secret) suite.Secret {
	member := s.Extract(joiner, psk)
	defer member.Wipe()
	return s.DeriveSecret(member, "welcome")
}

// WelcomeKey returns the key and the nonce that seal a Welcome's GroupInfo
// (section 12.4.3.1).
func WelcomeKey(s *suite.Suite, welcome suite.Secret) (key, nonce suite.Secret) {
	return s.ExpandWithLabel(welcome, "key", nil, s.KeySize()), s.ExpandWithLabel(welcome, "nonce", nil, s.NonceSize())
}

// Epoch holds the secrets of one epoch (section 8, table 4). Encryption is handed
// on to the secret tree and wiped here.
type Epoch struct {
	suite.Hidden
	SenderData    suite.Secret
	Encryption    suite.Secret
	Exporter      suite.Secret
	External      suite.Secret
	Confirmation  suite.Secret
	Membership    suite.Secret
	Resumption    suite.Secret
	Authenticator suite.Secret
	Init          suite.Secret
}

// NewEpoch derives an epoch's secrets.
func NewEpoch(s *suite.Suite, joiner, psk suite.Secret, context []byte) *Epoch {
	member := s.Extract(joiner, psk)
	defer member.Wipe()
	epoch := s.ExpandWithLabel(member, "epoch", context, s.HashSize())
	defer epoch.Wipe()
	return FromEpochSecret(s, epoch)
}

// FromEpochSecret derives an epoch's secrets from the epoch secret, which the
// founder of a group draws at random (section 11).
func FromEpochSecret(s *suite.Suite, epoch suite.Secret) *Epoch {
	secrets := s.DeriveSecrets(epoch,
		"sender data", "encryption", "exporter", "external", "confirm",
		"membership", "resumption", "authentication", "init")
	e := new(Epoch)
	for i, into := range e.all() {
		*into = secrets[i]
	}
	return e
}

// all lists the secrets in a fixed order.
func (e *Epoch) all() []*suite.Secret {
	return []*suite.Secret{
		&e.SenderData, &e.Encryption, &e.Exporter, &e.External, &e.Confirmation,
		&e.Membership, &e.Resumption, &e.Authenticator, &e.Init,
	}
}

// Clone copies the secrets.
func (e *Epoch) Clone() *Epoch {
	c := *e
	for _, s := range c.all() {
		*s = s.Clone()
	}
	return &c
}

// Wipe overwrites the secrets.
func (e *Epoch) Wipe() {
	for _, s := range e.all() {
		s.Wipe()
	}
}

// Encode writes the secrets, for sealed storage.
func (e *Epoch) Encode(w *codec.Writer) {
	for _, s := range e.all() {
		w.Opaque(*s)
	}
}

// Decode reads the secrets.
func (e *Epoch) Decode(r *codec.Reader) {
	for _, s := range e.all() {
		*s = r.Opaque()
	}
}

// Export is the MLS exporter (section 8.5).
func (e *Epoch) Export(s *suite.Suite, label string, context []byte, n int) (suite.Secret, error) {
	if n < 1 || n > s.MaxExpand() {
		return nil, rule.Broken("8.5", "export: length out of range")
	}
	derived := s.DeriveSecret(e.Exporter, label)
	defer derived.Wipe()
	return s.ExpandWithLabel(derived, "exported", s.Hash(context), n), nil
}

// ExternalKey returns the key pair to which external commits are addressed
// (section 8.3).
func (e *Epoch) ExternalKey(s *suite.Suite) (suite.KeyPair, error) {
	return s.DeriveKeyPair(e.External)
}

// SenderDataKey returns the key and the nonce that hide who sent a PrivateMessage
// (section 6.3.2).
func SenderDataKey(s *suite.Suite, senderData suite.Secret, ciphertext []byte) (key, nonce suite.Secret) {
	sample := ciphertext[:min(len(ciphertext), s.HashSize())]
	return s.ExpandWithLabel(senderData, "key", sample, s.KeySize()), s.ExpandWithLabel(senderData, "nonce", sample, s.NonceSize())
}
