// Package profile keeps what a person's device remembers beside its settings:
// the people it met and the meetings it planned. Each is one file, sealed with
// AES-256-GCM under a key that follows from the device key's seed, which lies
// in the vault. Without a key that lasts there is no profile: whoever opens
// one without it gets none.
//
// It knows nothing of what it keeps, and is no database: a file is read and
// written whole. Who can write to the folder can delete a file or bring an
// older one back, but can neither read nor change one.
//
// Trust zone: device.
package profile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"conclave/keys"
)

// MaxFile is the size above which a file is neither written nor read: far more
// than a full list of people takes.
const MaxFile = 1 << 20

// header begins every file, so that a later form is told apart from damage.
const header = "conclave sealed 1\n"

// keyLabel sets the files' key apart from all else that follows from the seed.
const keyLabel = "Conclave 1 profile"

// The errors. A file that cannot be opened is put aside, not deleted.
var (
	ErrDamaged = errors.New("open profile: the file is damaged, or was sealed by another device key")
	ErrSize    = errors.New("profile: the file is too large")
	errName    = errors.New("profile: not a name of ours")
)

// Folder is a person's folder. Its methods may be called from any goroutine,
// but not two for the same name at once.
type Folder struct {
	path string
	seal cipher.AEAD
}

// Open returns the folder at path for a device. The folder must be there.
func Open(path string, device keys.DeviceKey) (*Folder, error) {
	seed := device.Seed()
	defer clear(seed[:])
	key, err := hkdf.Key(sha256.New, seed[:], nil, keyLabel, 32)
	if err != nil {
		return nil, fmt.Errorf("open profile: %w", err)
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open profile: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("open profile: %w", err)
	}
	return &Folder{path: path, seal: seal}, nil
}

// Load returns what was saved under a name, or nil when nothing was. A file
// that this device did not seal is renamed to end in ".damaged", and the error
// wraps ErrDamaged.
func (f *Folder) Load(name string) ([]byte, error) {
	path, err := f.file(name)
	if err != nil {
		return nil, err
	}
	sealed, err := read(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		var plain []byte
		if plain, err = f.open(name, sealed); err == nil {
			return plain, nil
		}
	}
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrSize) {
		_ = os.Rename(path, path+".damaged")
	}
	return nil, fmt.Errorf("load %s: %w", name, err)
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	sealed, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err == nil && len(sealed) > MaxFile {
		err = ErrSize
	}
	return sealed, err
}

func (f *Folder) open(name string, sealed []byte) ([]byte, error) {
	rest, ours := strings.CutPrefix(string(sealed), header)
	n := f.seal.NonceSize()
	if !ours || len(rest) < n+f.seal.Overhead() {
		return nil, ErrDamaged
	}
	plain, err := f.seal.Open(nil, []byte(rest[:n]), []byte(rest[n:]), []byte(header+name))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// Save seals data under a name, so that a crash leaves the old file or the new
// one. The name is bound into the seal: files cannot be exchanged.
func (f *Folder) Save(name string, data []byte) error {
	path, err := f.file(name)
	if err != nil {
		return err
	}
	nonce := make([]byte, f.seal.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	out := append([]byte(header), nonce...)
	out = f.seal.Seal(out, nonce, data, []byte(header+name))
	if len(out) > MaxFile {
		return fmt.Errorf("save %s: %w", name, ErrSize)
	}
	if err := WriteFile(path, out); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// file is where a name lies: lower-case letters only, so that no name leads
// out of the folder.
func (f *Folder) file(name string) (string, error) {
	if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", errName
	}
	return filepath.Join(f.path, name+".sealed"), nil
}

// WriteFile writes a file that only its owner can read, by way of a new one
// beside it: a crash leaves the old or the new.
func WriteFile(path string, data []byte) error {
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new") // 0600
	if err != nil {
		return err
	}
	_, err = next.Write(data)
	if err == nil {
		err = next.Sync()
	}
	if err2 := next.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		_ = os.Remove(next.Name())
	}
	return err
}
