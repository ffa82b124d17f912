package config

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// signatureContext stands before the signed bytes, so that a signature made for
// something else does not count here.
const signatureContext = "Conclave 1 managed policy\x00"

// Place says where a machine's policy is looked for. Only the administrator can
// write there.
type Place struct {
	// File is the policy as JSON. Its signature lies beside it, as File + ".sig".
	File string
	// Key, where such a file exists, is the public key (base64) without whose
	// signature no policy counts.
	Key string
	// Other brings a policy from the system's own store: the registry, managed
	// preferences. found is false where there is none. Nil where there is no store.
	Other func() (from string, text []byte, found bool, err error)
	// Folder is where a kiosk keeps status and log unless the policy says otherwise.
	Folder string
}

// root is set by the linker in trial builds, so that they do not obey, or need,
// the policy of the machine that they are tried on:
// -ldflags "-X conclave/app/config.root=/tmp/trial". It is a part of the program
// and no option of it: whoever could set it could as well use another program.
var root string

// MachinePlace is the place of this system.
func MachinePlace() Place {
	if root != "" {
		return PlaceIn(root)
	}
	return machinePlace()
}

// PlaceIn is a place in a folder, for trials and tests.
func PlaceIn(dir string) Place {
	return Place{
		File: filepath.Join(dir, "managed.json"), Key: filepath.Join(dir, "managed.key"), Folder: filepath.Join(dir, "kiosk"),
	}
}

// ReadPolicy reads the machine's policy. Without one it is the zero Policy with
// everything allowed. Every error is a *PolicyError, and means that the program
// must stay locked.
func ReadPolicy(at Place) (Policy, error) {
	key, demanded, err := at.key()
	if err != nil {
		return Policy{}, err
	}
	from, text, found, err := at.text()
	switch {
	case err != nil:
		return Policy{}, err
	case !found && demanded:
		return Policy{}, &PolicyError{at.File, 0, ErrPolicyUnsigned, "there is none, and " + at.Key + " demands one"}
	case !found:
		return defaults(""), nil
	}
	if demanded {
		if err := verify(at.File, from, key, text); err != nil {
			return Policy{}, err
		}
	}
	return ParsePolicy(from, text)
}

// text returns the policy from the one place where it is; in two it would be
// unclear which counts.
func (at Place) text() (from string, text []byte, found bool, err error) {
	text, err = readOwned(at.File)
	switch {
	case err == nil:
		from, found = at.File, true
	case !errors.Is(err, fs.ErrNotExist):
		return "", nil, false, asPolicyError(at.File, err)
	}
	if at.Other == nil {
		return from, text, found, nil
	}
	other, more, also, err := at.Other()
	if err != nil {
		return "", nil, false, asPolicyError(other, err)
	}
	if also && found {
		return "", nil, false, &PolicyError{at.File, 0, ErrPolicyForm, "there is another one in " + other}
	}
	if also {
		return other, more, true, nil
	}
	return from, text, found, nil
}

func asPolicyError(file string, err error) error {
	var known *PolicyError
	if errors.As(err, &known) {
		return err
	}
	return &PolicyError{file, 0, ErrPolicyUnreadable, reason(err)}
}

// reason leaves the path out, which the error has already.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func (at Place) key() (key ed25519.PublicKey, demanded bool, err error) {
	text, err := readOwned(at.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, asPolicyError(at.Key, err)
	}
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, false, &PolicyError{at.Key, 1, ErrPolicyForm, "want an Ed25519 public key in base64"}
	}
	return raw, true, nil
}

func verify(file, from string, key ed25519.PublicKey, text []byte) error {
	sig, err := readOwned(file + ".sig")
	if err != nil {
		return &PolicyError{from, 0, ErrPolicyUnsigned, file + ".sig: " + reason(err)}
	}
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(sig)))
	if err != nil || !ed25519.Verify(key, append([]byte(signatureContext), text...), raw) {
		return &PolicyError{from, 0, ErrPolicyUnsigned, "the signature does not fit"}
	}
	return nil
}

// SignPolicy signs a policy for File + ".sig". It refuses one that would not be
// understood.
func SignPolicy(key ed25519.PrivateKey, from string, text []byte) ([]byte, error) {
	if _, err := ParsePolicy(from, text); err != nil {
		return nil, err
	}
	sig := ed25519.Sign(key, append([]byte(signatureContext), text...))
	return []byte(base64.StdEncoding.EncodeToString(sig) + "\n"), nil
}

// readOwned reads a small file that only its owner may write.
func readOwned(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	if what := openTo(info); what != "" {
		return nil, &PolicyError{path, 0, ErrPolicyOpen, what}
	}
	text, err := io.ReadAll(io.LimitReader(f, policyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return text, nil
}

// Trial reports whether this is a build for trying on a machine that it must not
// obey; flags that a kiosk does not have are there then.
func Trial() bool { return root != "" }
