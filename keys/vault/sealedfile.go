package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/argon2"
)

// The file: magic, cost of Argon2id (time, memory in KiB, threads), salt, nonce, and
// the secrets as JSON, sealed with AES-256-GCM. Everything before the nonce is
// authenticated too.
const (
	fileMagic   = "conclave vault 1\n"
	saltSize    = 16
	nonceSize   = 12
	headSize    = len(fileMagic) + 4 + 4 + 1 + saltSize
	maxFileSize = 1 << 20
)

// cost says what one guess at the passphrase costs.
type cost struct {
	time    uint32
	memory  uint32 // KiB
	threads uint8
}

// defaultCost is the second recommendation of RFC 9106 section 4: 64 MiB, which a
// weak classroom machine has as well.
var defaultCost = cost{time: 3, memory: 64 << 10, threads: 4}

// isBearable keeps an altered file from exhausting the machine.
func (c cost) isBearable() bool {
	return c.time >= 1 && c.time <= 32 && c.memory >= 8 && c.memory <= 1<<20 && c.threads >= 1 && c.threads <= 64
}

// sealedFile is a Vault in one file. Another process may write the same file; each
// call reads it afresh, and the last writer wins.
type sealedFile struct {
	path string
	cost cost

	mu   sync.Mutex
	salt [saltSize]byte
	key  []byte // derived from the passphrase; it stays in memory while the app runs

	beforeStep func(step string) error // for tests: fails a write in the middle
}

// open asks for the passphrase, and reads the file or makes it.
func (f *sealedFile) open(passphrase func() ([]byte, error)) error {
	data, err := readLimited(f.path)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return fmt.Errorf("open sealed file: %w", err)
	}
	var head header
	if !isNew {
		if head, err = parseHeader(data); err != nil {
			return err
		}
	}
	if passphrase == nil {
		return ErrNeedPassphrase
	}
	words, err := passphrase()
	if err != nil {
		return fmt.Errorf("open sealed file: %w", err)
	}
	defer clear(words)
	if len(words) == 0 {
		return ErrNeedPassphrase
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if isNew {
		return f.create(words)
	}
	f.derive(head, words)
	if _, err := f.read(); err != nil {
		clear(f.key)
		f.key = nil
		return err
	}
	return nil
}

func (f *sealedFile) create(passphrase []byte) error {
	head := header{cost: f.cost}
	if _, err := rand.Read(head.salt[:]); err != nil {
		return fmt.Errorf("make sealed file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("make sealed file: %w", err)
	}
	f.derive(head, passphrase)
	return f.write(map[string][]byte{})
}

func (f *sealedFile) derive(head header, passphrase []byte) {
	f.cost, f.salt = head.cost, head.salt
	f.key = argon2.IDKey(passphrase, head.salt[:], head.cost.time, head.cost.memory, head.cost.threads, 32)
}

func (f *sealedFile) Kind() Kind { return SealedFile }

func (f *sealedFile) Load(name string) ([]byte, error) {
	if !isName(name) {
		return nil, ErrName
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	secrets, err := f.read()
	if err != nil {
		return nil, err
	}
	defer wipeOthers(secrets, name)
	secret, ok := secrets[name]
	if !ok {
		return nil, ErrNotFound
	}
	return secret, nil
}

func (f *sealedFile) Store(name string, secret []byte) error {
	if !isName(name) {
		return ErrName
	}
	if len(secret) > MaxSecret {
		return ErrTooLarge
	}
	return f.change(func(secrets map[string][]byte) { secrets[name] = append([]byte{}, secret...) })
}

func (f *sealedFile) Delete(name string) error {
	if !isName(name) {
		return ErrName
	}
	return f.change(func(secrets map[string][]byte) { delete(secrets, name) })
}

func (f *sealedFile) change(edit func(map[string][]byte)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	secrets, err := f.read()
	if err != nil {
		return err
	}
	edit(secrets)
	defer wipeOthers(secrets, "")
	return f.write(secrets)
}

func wipeOthers(secrets map[string][]byte, but string) {
	for name, secret := range secrets {
		if name != but {
			clear(secret)
		}
	}
}

// header is the readable part of the file.
type header struct {
	cost cost
	salt [saltSize]byte
}

func (h header) encode() []byte {
	out := []byte(fileMagic)
	out = binary.BigEndian.AppendUint32(out, h.cost.time)
	out = binary.BigEndian.AppendUint32(out, h.cost.memory)
	out = append(out, h.cost.threads)
	return append(out, h.salt[:]...)
}

func parseHeader(data []byte) (header, error) {
	if len(data) < headSize+nonceSize+16 || !bytes.HasPrefix(data, []byte(fileMagic)) {
		return header{}, ErrSealedFile
	}
	rest := data[len(fileMagic):]
	h := header{
		cost: cost{time: binary.BigEndian.Uint32(rest), memory: binary.BigEndian.Uint32(rest[4:]), threads: rest[8]},
		salt: [saltSize]byte(rest[9:]),
	}
	if !h.cost.isBearable() {
		return header{}, ErrSealedFile
	}
	return h, nil
}

func (f *sealedFile) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(f.key)
	if err != nil {
		return nil, fmt.Errorf("use sealed file: %w", err)
	}
	return cipher.NewGCM(block)
}

func (f *sealedFile) read() (map[string][]byte, error) {
	data, err := readLimited(f.path)
	if err != nil {
		return nil, fmt.Errorf("open sealed file: %w", err)
	}
	head, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	if head.salt != f.salt || head.cost != f.cost {
		return nil, ErrPassphrase // somebody has made the file anew
	}
	aead, err := f.aead()
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, data[headSize:headSize+nonceSize], data[headSize+nonceSize:], data[:headSize])
	if err != nil {
		return nil, ErrPassphrase
	}
	defer clear(plain)
	secrets := map[string][]byte{}
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, ErrSealedFile
	}
	return secrets, nil
}

func (f *sealedFile) write(secrets map[string][]byte) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return fmt.Errorf("write sealed file: %w", err)
	}
	defer clear(plain)
	aead, err := f.aead()
	if err != nil {
		return err
	}
	head := header{cost: f.cost, salt: f.salt}.encode()
	data := append(head, make([]byte, nonceSize)...)
	if _, err := rand.Read(data[headSize:]); err != nil {
		return fmt.Errorf("write sealed file: %w", err)
	}
	nonce := bytes.Clone(data[headSize:])
	return f.replace(aead.Seal(data, nonce, plain, data[:headSize]))
}

// replace writes a file beside the old one and puts it in its place, so that at every
// moment there is a whole one. Neither is ever readable by others.
func (f *sealedFile) replace(data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write sealed file: %w", err)
		}
	}()
	tmp, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	steps := []struct {
		name string
		do   func() error
	}{
		{"write", func() error { _, err := tmp.Write(data); return err }},
		{"sync", tmp.Sync},
		{"close", tmp.Close},
		{"rename", func() error { return os.Rename(tmp.Name(), f.path) }},
	}
	for _, step := range steps {
		if f.beforeStep != nil {
			if err := f.beforeStep(step.name); err != nil {
				return err
			}
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	syncDir(filepath.Dir(f.path))
	return nil
}

// syncDir makes the new name durable where the system can do that.
func syncDir(path string) {
	if dir, err := os.Open(path); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}

func readLimited(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		return nil, ErrSealedFile
	}
	return data, err
}
