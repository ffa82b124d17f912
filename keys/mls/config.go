package mls

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

const (
	defaultLifetime = 24 * time.Hour
	// maxLifetime is what a key package may claim at most (section 7.2), unless
	// Config says otherwise: keys that lie about for longer are of no use to a
	// meeting, and of much use to a thief.
	maxLifetime = 90 * 24 * time.Hour
	// clockSkew is how far another client's clock may be ahead of this one's.
	clockSkew = time.Hour
)

// Config says who a client is and whom it believes. The functions are called from
// within the methods of a Group, which are serialised, and must not call back.
type Config struct {
	suite.Hidden

	// Suite is the cipher suite. The signing key must fit it.
	Suite Suite
	// Signer is the device's signing key: an ed25519.PrivateKey, an
	// *ecdsa.PrivateKey on P-256, or something that signs like one of them.
	Signer crypto.Signer
	// Credential is this client's own.
	Credential Credential
	// Verify judges the credential of every member that joins or changes its
	// credential: whether it is genuine, and belongs to the signature key. It is
	// the Authentication Service of section 5.3.1 and must be set; a group whose
	// members nobody checks is not secret.
	Verify func(credential Credential, signatureKey []byte) error
	// VerifySender does the same for external senders. Without it, Verify does.
	VerifySender func(ExternalSender) error
	// Successor judges whether a member may replace its credential by another
	// (section 5.3.1). Without it a credential may not change.
	Successor func(before, after Credential) error
	// PSK returns an external pre-shared key. Without it there are none.
	PSK func(id []byte) ([]byte, error)

	// Extensions are the types, beyond those of RFC 9420, that this client
	// understands in a group's context or in leaves.
	Extensions []ExtensionType
	// LeafExtensions are carried in this client's leaf.
	LeafExtensions Extensions
	// Lifetime is how long key packages are good for; 24 hours when zero.
	Lifetime time.Duration
	// MaxLifetime is the longest lifetime accepted of others; 90 days when zero,
	// any when negative.
	MaxLifetime time.Duration
	// ExternalProposals are the types that external senders may propose. Remove
	// alone when nil: a service that could add would be able to listen.
	ExternalProposals []ProposalType
	// EncryptHandshake sends proposals and commits as PrivateMessage. The
	// delivery service then sees no more than that there was one.
	EncryptHandshake bool
	// Padding fills up encrypted messages to a multiple of so many bytes; not at
	// all when zero.
	Padding int
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// check refuses a configuration that cannot work, and returns its suite.
func (c *Config) check() (*suite.Suite, error) {
	s, err := suite.Lookup(c.Suite)
	if err != nil {
		return nil, err
	}
	if c.Verify == nil {
		return nil, fmt.Errorf("%w: no credential verifier", ErrConfig)
	}
	if c.Padding < 0 || c.Padding > 1<<16 {
		return nil, fmt.Errorf("%w: padding out of range", ErrConfig)
	}
	if _, err := s.SignatureKey(c.Signer); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return s, nil
}

func (c *Config) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// leaf is what the client puts into leaf nodes, without keys and signature.
func (c *Config) leaf(s *suite.Suite) (tree.LeafNode, error) {
	key, err := s.SignatureKey(c.Signer)
	return tree.LeafNode{
		SignatureKey: key,
		Credential:   c.Credential,
		Capabilities: tree.Capabilities{
			Versions:    []uint16{tree.Version},
			Suites:      []suite.ID{c.Suite},
			Extensions:  c.Extensions,
			Credentials: []CredentialType{CredentialBasic, CredentialX509},
		},
		Extensions: c.LeafExtensions,
	}, err
}

// verify judges a member's credential.
func (c *Config) verify(leaf *tree.LeafNode) error {
	if leaf.Credential.Type == CredentialX509 {
		if err := certifies(leaf.Credential.Certificates, leaf.SignatureKey); err != nil {
			return err
		}
	}
	if err := c.Verify(leaf.Credential, leaf.SignatureKey); err != nil {
		return rule.Because("5.3.1", "check credential", err)
	}
	return nil
}

// certifies checks that the first certificate is for the signature key (section
// 5.3). Whether the chain is to be trusted is for Verify to say.
func certifies(chain [][]byte, signatureKey []byte) error {
	if len(chain) == 0 {
		return rule.Broken("5.3", "check credential: empty certificate chain")
	}
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return rule.Because("5.3", "check credential: certificate", err)
	}
	var certified []byte
	switch key := cert.PublicKey.(type) {
	case ed25519.PublicKey:
		certified = key
	case *ecdsa.PublicKey:
		if certified, err = key.Bytes(); err != nil {
			return rule.Because("5.3", "check credential: certificate", err)
		}
	}
	if !bytes.Equal(certified, signatureKey) {
		return rule.Broken("5.3", "check credential: certificate is for another signature key")
	}
	return nil
}

// verifySenders judges the external senders that a group's context names.
func (c *Config) verifySenders(context Extensions) error {
	senders, err := framing.ExternalSenders(context)
	if err != nil {
		return rule.Because("12.1.8.1", "check external senders", err)
	}
	for _, e := range senders {
		if c.VerifySender != nil {
			err = c.VerifySender(e)
		} else {
			err = c.Verify(e.Credential, e.SignatureKey)
		}
		if err != nil {
			return rule.Because("5.3.1", "check external senders", err)
		}
	}
	return nil
}

// succeeds judges whether one leaf may replace another of the same member.
func (c *Config) succeeds(before, after *tree.LeafNode) error {
	if before.Credential.Equal(after.Credential) {
		return nil
	}
	if c.Successor == nil {
		return rule.Broken("5.3.1", "check credential: it may not change")
	}
	if err := c.Successor(before.Credential, after.Credential); err != nil {
		return rule.Because("5.3.1", "check credential: successor", err)
	}
	return nil
}

// checkLifetime judges the lifetime of a key package's leaf.
func (c *Config) checkLifetime(leaf *tree.LeafNode) error {
	limit := c.MaxLifetime
	if limit == 0 {
		limit = maxLifetime
	}
	width := leaf.Lifetime.NotAfter - leaf.Lifetime.NotBefore
	if limit > 0 && (leaf.Lifetime.NotAfter < leaf.Lifetime.NotBefore || width > uint64((limit+2*clockSkew)/time.Second)) {
		return rule.Broken("7.2", "check leaf: its lifetime is too long")
	}
	return leaf.CheckLifetime(c.now())
}

// allowsExternal reports whether outsiders may propose such a thing.
func (c *Config) allowsExternal(t ProposalType) bool {
	if c.ExternalProposals == nil {
		return t == ProposalRemove
	}
	return slices.Contains(c.ExternalProposals, t)
}

// externalPSK returns a copy of an external pre-shared key.
func (c *Config) externalPSK(id []byte) (suite.Secret, error) {
	if c.PSK == nil {
		return nil, rule.Broken("8.4", "find pre-shared key: this client has none")
	}
	key, err := c.PSK(id)
	if err != nil {
		return nil, rule.Because("8.4", "find pre-shared key", err)
	}
	return suite.Secret(key).Clone(), nil
}

// psk returns the combined pre-shared keys, all of them external.
func (c *Config) psk(s *suite.Suite, ids []pskID) (suite.Secret, error) {
	return combinePSKs(s, ids, func(id pskID) (suite.Secret, error) {
		if id.Type != schedule.PSKExternal {
			return nil, rule.Broken("8.4", "find pre-shared key: this client was not in the group it is from")
		}
		return c.externalPSK(id.ID)
	})
}

// psk returns the combined pre-shared keys: external ones, and resumption keys of
// this group's present epoch and the few that are kept.
func (g *Group) psk(ids []pskID) (suite.Secret, error) {
	return combinePSKs(g.now.suite, ids, func(id pskID) (suite.Secret, error) {
		if id.Type == schedule.PSKExternal {
			return g.config.externalPSK(id.ID)
		}
		if id.Epoch == g.now.context.Epoch {
			return g.now.epoch.Resumption.Clone(), nil
		}
		for _, p := range g.past {
			if p.epoch == id.Epoch {
				return p.resumption.Clone(), nil
			}
		}
		return nil, rule.Broken("8.4", "find pre-shared key: resumption key of an epoch that is not kept")
	})
}

// combinePSKs finds the pre-shared keys, mixes them, and wipes its copies.
func combinePSKs(s *suite.Suite, ids []pskID, find func(pskID) (suite.Secret, error)) (suite.Secret, error) {
	psks := make([]suite.Secret, 0, len(ids))
	defer func() {
		for _, p := range psks {
			p.Wipe()
		}
	}()
	for _, id := range ids {
		key, err := find(id)
		if err != nil {
			return nil, err
		}
		psks = append(psks, key)
	}
	return schedule.CombinePSKs(s, ids, psks), nil
}
