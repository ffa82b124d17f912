package mls

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// Suite is the number of a cipher suite (RFC 9420 section 17.1).
type Suite = suite.ID

// The cipher suites this package speaks. The post-quantum one is
// MLKEM768X25519_AES256GCM_SHA384_Ed25519 of draft-ietf-mls-pq-ciphersuites, whose
// number is not assigned yet: this is one for private use.
const (
	X25519AES128 = suite.X25519AES128
	P256AES128   = suite.P256AES128
	X25519ChaCha = suite.X25519ChaCha
	PostQuantum  = suite.PostQuantum
)

// LeafIndex is a member's place in the ratchet tree (section 4). It is kept as long
// as the member stays, and may later be given to another.
type LeafIndex = tree.LeafIndex

// Credential binds a signature key to an identity (section 5.3).
type Credential = tree.Credential

// CredentialType says what a credential is (section 17.5).
type CredentialType = tree.CredentialType

// The credential types.
const (
	CredentialBasic = tree.CredentialBasic
	CredentialX509  = tree.CredentialX509
)

// Extension is an extension of a group, a key package or a leaf (section 13).
type Extension = tree.Extension

// Extensions is a list of extensions, each type at most once.
type Extensions = tree.Extensions

// ExtensionType is the number of an extension (section 17.3). 0xF000 to 0xFFFF are
// for private use.
type ExtensionType = tree.ExtensionType

// RequiredCapabilities is the extension of that name (section 11.1).
type RequiredCapabilities = tree.RequiredCapabilities

// ExternalSender may propose without being a member (section 12.1.8.1).
type ExternalSender = framing.ExternalSender

// ProposalType is the number of a proposal (section 17.4).
type ProposalType = framing.ProposalType

// The proposal types.
const (
	ProposalAdd                    = framing.ProposalAdd
	ProposalUpdate                 = framing.ProposalUpdate
	ProposalRemove                 = framing.ProposalRemove
	ProposalPSK                    = framing.ProposalPSK
	ProposalReInit                 = framing.ProposalReInit
	ProposalExternalInit           = framing.ProposalExternalInit
	ProposalGroupContextExtensions = framing.ProposalGroupContextExtensions
)

// Sender says who signed a message (section 6).
type Sender = framing.Sender

// The sender types.
const (
	SenderMember            = framing.SenderMember
	SenderExternal          = framing.SenderExternal
	SenderNewMemberProposal = framing.SenderNewMemberProposal
	SenderNewMemberCommit   = framing.SenderNewMemberCommit
)

// RuleError names the section of RFC 9420 that an input broke, and how.
type RuleError = rule.Error

// BrokenSection returns the section that an error names, or "".
func BrokenSection(err error) string { return rule.Section(err) }

// BasicCredential makes a basic credential.
func BasicCredential(identity []byte) Credential {
	return Credential{Type: CredentialBasic, Identity: identity}
}

// X509Credential makes a credential of a certificate chain in DER, the member's own
// certificate first.
func X509Credential(chain [][]byte) Credential {
	return Credential{Type: CredentialX509, Certificates: chain}
}

// ExternalSendersExtension names those who may propose from outside.
func ExternalSendersExtension(senders []ExternalSender) Extension {
	return framing.ExternalSendersExtension(senders)
}

// RequiredCapabilitiesExtension says what every member must support.
func RequiredCapabilitiesExtension(required RequiredCapabilities) Extension {
	return Extension{Type: tree.ExtensionRequiredCapabilities, Data: codec.Marshal(required)}
}

// Member is one member as the others see it.
type Member struct {
	Leaf         LeafIndex
	Credential   Credential
	SignatureKey []byte
	Extensions   Extensions // of the leaf
}

func memberOf(i LeafIndex, leaf *tree.LeafNode) Member {
	return Member{Leaf: i, Credential: leaf.Credential, SignatureKey: leaf.SignatureKey, Extensions: leaf.Extensions}
}

type (
	groupContext = schedule.GroupContext
	pskID        = schedule.PSKID
)
