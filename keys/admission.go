package keys

import (
	"errors"
)

const (
	admissionVersion = 1
	admissionSize    = 1 + 4*32 + 64
	contextAdmission = "admission"
)

// Errors of admissions.
var (
	ErrAdmission          = errors.New("parse admission: malformed")
	ErrAdmissionMeeting   = errors.New("verify admission: it belongs to another meeting or host")
	ErrAdmissionSignature = errors.New("verify admission: the host has not signed it")
)

// Admission is a host's signed decision to let one device in with one key
// package. Every member checks it before accepting an Add; it stays checkable
// later, apart from the message that carried it.
type Admission struct {
	Meeting    MeetingID
	Host       PublicKey
	Joiner     PublicKey
	KeyPackage [32]byte // SHA-256 of the key package as it was sent
	Signature  []byte
}

// SignAdmission admits joiner with one key package.
func (k DeviceKey) SignAdmission(id MeetingID, joiner PublicKey, keyPackage [32]byte) Admission {
	a := Admission{Meeting: id, Host: k.Public(), Joiner: joiner, KeyPackage: keyPackage}
	a.Signature = k.Sign(contextAdmission, a.signed())
	return a
}

// Verify reports an error unless host signed the admission for meeting id. The
// caller compares Joiner and KeyPackage with what is being added.
func (a Admission) Verify(id MeetingID, host PublicKey) error {
	if a.Meeting != id || a.Host != host {
		return ErrAdmissionMeeting
	}
	if !Verify(a.Host, contextAdmission, a.signed(), a.Signature) {
		return ErrAdmissionSignature
	}
	return nil
}

func (a Admission) signed() []byte {
	out := make([]byte, 0, admissionSize)
	out = append(out, admissionVersion)
	out = append(out, a.Meeting[:]...)
	out = append(out, a.Host[:]...)
	out = append(out, a.Joiner[:]...)
	return append(out, a.KeyPackage[:]...)
}

// Encode returns version, meeting, host, joiner, key package hash and signature: 193 bytes.
func (a Admission) Encode() []byte {
	var sig [64]byte
	copy(sig[:], a.Signature)
	return append(a.signed(), sig[:]...)
}

// ParseAdmission reads what Encode writes. It does not verify.
func ParseAdmission(data []byte) (Admission, error) {
	if len(data) != admissionSize || data[0] != admissionVersion {
		return Admission{}, ErrAdmission
	}
	return Admission{
		Meeting:    MeetingID(data[1:33]),
		Host:       PublicKey(data[33:65]),
		Joiner:     PublicKey(data[65:97]),
		KeyPackage: [32]byte(data[97:129]),
		Signature:  append([]byte(nil), data[129:]...),
	}, nil
}
