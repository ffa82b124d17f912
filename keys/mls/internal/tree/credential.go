package tree

import (
	"bytes"
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

// CredentialType says what a credential is (section 17.5).
type CredentialType uint16

// The credential types of RFC 9420.
const (
	CredentialBasic CredentialType = 1
	CredentialX509  CredentialType = 2
)

// Credential binds a member's signature key to an identity (section 5.3).
type Credential struct {
	Type         CredentialType
	Identity     []byte   // of a basic credential
	Certificates [][]byte // of an x509 credential: DER, the member's own first
}

// Encode writes the structure.
func (c Credential) Encode(w *codec.Writer) {
	w.Uint16(uint16(c.Type))
	if c.Type == CredentialX509 {
		w.Vector(func(w *codec.Writer) {
			for _, der := range c.Certificates {
				w.Opaque(der)
			}
		})
		return
	}
	w.Opaque(c.Identity)
}

// Decode reads the structure. A type this package does not know has no length of
// its own and cannot be stepped over, so it is refused.
func (c *Credential) Decode(r *codec.Reader) {
	switch c.Type = CredentialType(r.Uint16()); c.Type {
	case CredentialBasic:
		c.Identity = r.Opaque()
	case CredentialX509:
		c.Certificates = codec.Vector(r, (*codec.Reader).Opaque)
	default:
		r.Fail(rule.Broken("5.3", "decode credential: unknown type"))
	}
}

// Equal reports whether two credentials are the same bytes.
func (c Credential) Equal(o Credential) bool {
	return c.Type == o.Type && bytes.Equal(c.Identity, o.Identity) &&
		slices.EqualFunc(c.Certificates, o.Certificates, bytes.Equal)
}

// ExtensionType is the number of an extension (section 17.3).
type ExtensionType uint16

// The extension types of RFC 9420.
const (
	ExtensionApplicationID        ExtensionType = 1
	ExtensionRatchetTree          ExtensionType = 2
	ExtensionRequiredCapabilities ExtensionType = 3
	ExtensionExternalPub          ExtensionType = 4
	ExtensionExternalSenders      ExtensionType = 5
)

// Default reports whether every client supports the type without saying so
// (section 7.2).
func (t ExtensionType) Default() bool {
	return t >= ExtensionApplicationID && t <= ExtensionExternalSenders
}

// Extension is one extension (section 13).
type Extension struct {
	Type ExtensionType
	Data []byte
}

// Encode writes the structure.
func (e Extension) Encode(w *codec.Writer) {
	w.Uint16(uint16(e.Type))
	w.Opaque(e.Data)
}

// Decode reads the structure.
func (e *Extension) Decode(r *codec.Reader) {
	e.Type = ExtensionType(r.Uint16())
	e.Data = r.Opaque()
}

// Extensions is a list of extensions.
type Extensions []Extension

// Encode writes the list.
func (l Extensions) Encode(w *codec.Writer) { codec.List(w, l) }

// Decode reads the list and refuses a type that occurs twice (section 13.4).
func (l *Extensions) Decode(r *codec.Reader) {
	seen := make(map[ExtensionType]bool)
	*l = codec.Vector(r, func(r *codec.Reader) (e Extension) {
		e.Decode(r)
		if seen[e.Type] {
			r.Fail(rule.Broken("13.4", "decode extensions: a type occurs twice"))
		}
		seen[e.Type] = true
		return e
	})
}

// Find returns the data of the extension with the given type.
func (l Extensions) Find(t ExtensionType) ([]byte, bool) {
	for _, e := range l {
		if e.Type == t {
			return e.Data, true
		}
	}
	return nil, false
}

// Capabilities is what a client can do (section 7.2).
type Capabilities struct {
	Versions    []uint16
	Suites      []suite.ID
	Extensions  []ExtensionType
	Proposals   []uint16
	Credentials []CredentialType
}

// Encode writes the structure.
func (c Capabilities) Encode(w *codec.Writer) {
	writeNumbers(w, c.Versions)
	writeNumbers(w, c.Suites)
	writeNumbers(w, c.Extensions)
	writeNumbers(w, c.Proposals)
	writeNumbers(w, c.Credentials)
}

// Decode reads the structure.
func (c *Capabilities) Decode(r *codec.Reader) {
	c.Versions = readNumbers[uint16](r)
	c.Suites = readNumbers[suite.ID](r)
	c.Extensions = readNumbers[ExtensionType](r)
	c.Proposals = readNumbers[uint16](r)
	c.Credentials = readNumbers[CredentialType](r)
}

// SupportsExtension reports whether the type is listed or a default one.
func (c Capabilities) SupportsExtension(t ExtensionType) bool {
	return t.Default() || slices.Contains(c.Extensions, t)
}

// RequiredCapabilities is the extension of that name (section 11.1).
type RequiredCapabilities struct {
	Extensions  []ExtensionType
	Proposals   []uint16
	Credentials []CredentialType
}

// Encode writes the structure.
func (q RequiredCapabilities) Encode(w *codec.Writer) {
	writeNumbers(w, q.Extensions)
	writeNumbers(w, q.Proposals)
	writeNumbers(w, q.Credentials)
}

// Decode reads the structure.
func (q *RequiredCapabilities) Decode(r *codec.Reader) {
	q.Extensions = readNumbers[ExtensionType](r)
	q.Proposals = readNumbers[uint16](r)
	q.Credentials = readNumbers[CredentialType](r)
}

// lastDefaultProposal is the highest proposal type every client supports.
const lastDefaultProposal = 7

// MetBy refuses capabilities that lack something required.
func (q RequiredCapabilities) MetBy(c Capabilities) error {
	for _, t := range q.Extensions {
		if !c.SupportsExtension(t) {
			return rule.Broken("7.3", "check leaf: a required extension is not supported")
		}
	}
	for _, t := range q.Proposals {
		if (t == 0 || t > lastDefaultProposal) && !slices.Contains(c.Proposals, t) {
			return rule.Broken("7.3", "check leaf: a required proposal type is not supported")
		}
	}
	for _, t := range q.Credentials {
		if !slices.Contains(c.Credentials, t) {
			return rule.Broken("7.3", "check leaf: a required credential type is not supported")
		}
	}
	return nil
}

func writeNumbers[T ~uint16](w *codec.Writer, list []T) {
	w.Vector(func(w *codec.Writer) {
		for _, v := range list {
			w.Uint16(uint16(v))
		}
	})
}

func readNumbers[T ~uint16](r *codec.Reader) []T {
	return codec.Vector(r, func(r *codec.Reader) T { return T(r.Uint16()) })
}

// RequiredCapabilities reads the extension of that name, if it is there.
func (l Extensions) RequiredCapabilities() (required RequiredCapabilities, err error) {
	if data, ok := l.Find(ExtensionRequiredCapabilities); ok {
		err = codec.Unmarshal(data, &required)
	}
	return required, err
}
