package group

import "conclave/keys"

// engine is the MLS library behind a Group. It knows RFC 9420 and nothing about
// meetings. The implementation lies in one file, so that it can be exchanged.
//
// Every method leaves the group as it was when it returns an error.
type engine interface {
	epoch() uint64
	self() uint32
	// members returns the members, ascending by leaf.
	members() []leaf
	// authenticator returns the epoch authenticator (section 8.7).
	authenticator() []byte
	export(label string, context []byte, length int) ([]byte, error)
	// stage prepares a commit with these Adds (key packages as they were sent) and
	// Removes and with a path, and a Welcome when there are Adds. data is
	// authenticated together with the commit. The path's leaf has passport as its
	// credential, or the bare key without one. The group stays in its epoch.
	stage(adds [][]byte, removes []uint32, data, passport []byte) (commit, welcome []byte, err error)
	// merge puts the staged commit into effect.
	merge() error
	// discard forgets the staged commit, if there is one.
	discard()
	// read authenticates a message. For a commit it calls judge before anything
	// changes, and applies the commit only when judge returns nil; a staged
	// commit is forgotten then. Errors wrap ErrStale, ErrFuture, ErrOtherMeeting
	// or ErrInvalid, or are judge's.
	read(message []byte, judge func(proposed) error) (outcome, error)
	// seal encrypts an application message.
	seal(plaintext []byte) ([]byte, error)
	// close wipes.
	close()
}

// joiner is the private half of a key package.
type joiner interface {
	// keyPackage returns the key package as it is sent.
	keyPackage() []byte
	// join enters the group of a Welcome and returns the group's identifier. On
	// error the joiner can be used again.
	join(welcome []byte) (engine, []byte, error)
	// close wipes.
	close()
}

// leaf is a member as the ratchet tree has it.
type leaf struct {
	index        uint32
	credential   []byte // identity of a basic credential; nil for every other kind
	passport     []byte // DER of an x509 credential of one certificate; nil for every other kind
	signatureKey []byte
}

// proposed is a commit before it takes effect.
type proposed struct {
	by      uint32
	outside bool // by somebody who is not a member
	adds    []added
	removes []uint32
	other   bool // it holds anything besides Adds and Removes by value
	data    []byte
}

// added is a key package in an Add.
type added struct {
	leaf leaf     // without index
	hash [32]byte // SHA-256 of the key package as it was sent
}

// outcome is what reading a message came to.
type outcome struct {
	epoch     uint64 // of the message
	from      leaf
	commit    bool
	plaintext []byte // of an application message
	removed   bool   // this device was removed; the engine is of no more use
}

// key returns the member's device key, when the credential is just that, or a
// passport of it. Whether the passport is to be believed is not asked here.
func (l leaf) key() (keys.PublicKey, bool) {
	if l.passport != nil {
		p, err := keys.ParsePassport(l.passport)
		if err != nil || l.credential != nil || string(p.Device[:]) != string(l.signatureKey) {
			return keys.PublicKey{}, false
		}
		return p.Device, true
	}
	if len(l.credential) != len(keys.PublicKey{}) || string(l.credential) != string(l.signatureKey) {
		return keys.PublicKey{}, false
	}
	return keys.PublicKey(l.signatureKey), true
}
