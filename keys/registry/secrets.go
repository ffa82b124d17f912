package registry

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"conclave/keys"
)

// authorityYears is how long an authority's certificate is valid.
const authorityYears = 10

// maxAuthorities keeps chains short: leaf and three, as keys.Roots accepts.
const maxAuthorities = 3

// ErrSecrets is returned for a secrets file that the seal key does not open.
var ErrSecrets = errors.New("open secrets: the seal key does not fit, or the file is damaged")

// Secrets are the keys of a service: the authority that signs passports, the
// keys of policies and of the log, and the pepper of hashed numbers. They lie
// behind a function, because package fmt reads past methods and pointers of
// unexported fields.
type Secrets struct {
	kept func() *secretsFile
	// keep replaces them, for all copies of this value. What kept returned before
	// is never changed.
	keep func(*secretsFile)
}

func hold(f *secretsFile) Secrets {
	var now atomic.Pointer[secretsFile]
	now.Store(f)
	return Secrets{now.Load, now.Store}
}

// Format prints "[hidden]".
func (Secrets) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[hidden]")) }

// MarshalText returns "[hidden]".
func (Secrets) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

type secretsFile struct {
	Seed        []byte   `json:"seed"`        // of the newest authority, Ed25519
	Authorities [][]byte `json:"authorities"` // self-signed certificates, oldest first
	Crosses     [][]byte `json:"crosses"`     // crosses[i]: authority i+1 signed by authority i
	PolicyKey   string   `json:"policy_key"`
	PolicyName  string   `json:"policy_name"`
	LogKey      string   `json:"log_key"`
	LogName     string   `json:"log_name"`
	Pepper      []byte   `json:"pepper"`
}

// OpenSecrets opens the secrets in dir, or makes them on the first start. They
// lie in secrets.sealed, sealed (AES-256-GCM) with the 32 bytes in sealFile,
// which is made as well and may be moved to another medium; "" is seal.key in
// dir. name is the service's name in certificates and in the log.
func OpenSecrets(dir, sealFile, name string, now time.Time) (Secrets, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Secrets{}, fmt.Errorf("open secrets: %w", err)
	}
	if sealFile == "" {
		sealFile = filepath.Join(dir, "seal.key")
	}
	path := filepath.Join(dir, "secrets.sealed")
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		s, err := NewSecrets(name, now)
		if err != nil {
			return Secrets{}, err
		}
		return s, s.save(path, sealFile)
	}
	if err != nil {
		return Secrets{}, fmt.Errorf("open secrets: %w", err)
	}
	key, err := os.ReadFile(sealFile)
	if err != nil {
		return Secrets{}, fmt.Errorf("open secrets: read seal key: %w", err)
	}
	return unseal(key, sealed)
}

// NewSecrets makes fresh secrets, which are nowhere yet.
func NewSecrets(name string, now time.Time) (Secrets, error) {
	f := &secretsFile{Pepper: make([]byte, 32)}
	_, _ = rand.Read(f.Pepper)
	var err error
	if f.PolicyKey, f.PolicyName, err = note.GenerateKey(nil, "policy."+name); err != nil {
		return Secrets{}, fmt.Errorf("make policy key: %w", err)
	}
	if f.LogKey, f.LogName, err = note.GenerateKey(nil, "log."+name); err != nil {
		return Secrets{}, fmt.Errorf("make log key: %w", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Secrets{}, fmt.Errorf("make authority: %w", err)
	}
	if err := f.addAuthority(key, name, now); err != nil {
		return Secrets{}, err
	}
	return hold(f), nil
}

// Rotate makes a new authority, which the one before certifies, and stores it:
// clients that know an older one accept passports of the new one, and running
// meetings go on with the passports they have. It may be called while others
// sign. key is that of the new authority; nil for a fresh one.
func (s Secrets) Rotate(dir, sealFile, name string, key ed25519.PrivateKey, now time.Time) error {
	if sealFile == "" {
		sealFile = filepath.Join(dir, "seal.key")
	}
	if key == nil {
		var err error
		if _, key, err = ed25519.GenerateKey(rand.Reader); err != nil {
			return fmt.Errorf("make authority: %w", err)
		}
	}
	next := *s.kept()
	next.Authorities, next.Crosses = slices.Clone(next.Authorities), slices.Clone(next.Crosses)
	if err := next.addAuthority(key, name, now); err != nil {
		return err
	}
	if err := hold(&next).save(filepath.Join(dir, "secrets.sealed"), sealFile); err != nil {
		return err
	}
	s.keep(&next)
	return nil
}

// IsAuthority says whether a key is that of the newest authority.
func (s Secrets) IsAuthority(key ed25519.PrivateKey) bool {
	return subtle.ConstantTimeCompare(s.kept().Seed, key.Seed()) == 1
}

func (f *secretsFile) addAuthority(key ed25519.PrivateKey, name string, now time.Time) error {
	serial := make([]byte, 16)
	_, _ = rand.Read(serial)
	serial[0] = serial[0]&0x7f | 0x40
	number, before := 1, (*x509.Certificate)(nil)
	if n := len(f.Authorities); n > 0 {
		var err error
		if before, err = x509.ParseCertificate(f.Authorities[n-1]); err != nil {
			return fmt.Errorf("make authority: %w", err)
		}
		// Two authorities of one name could not be told apart in a chain.
		if number, err = strconv.Atoi(before.Subject.SerialNumber); err != nil {
			return errors.New("make authority: the one before has no number")
		}
		number++
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: name, SerialNumber: strconv.Itoa(number)},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	own, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("make authority: %w", err)
	}
	if before != nil {
		cross, err := x509.CreateCertificate(rand.Reader, template, before, key.Public(), ed25519.NewKeyFromSeed(f.Seed))
		if err != nil {
			return fmt.Errorf("make authority: %w", err)
		}
		f.Crosses = append(f.Crosses, cross)
	}
	f.Authorities = append(f.Authorities, own)
	f.Seed = key.Seed()
	if drop := len(f.Authorities) - maxAuthorities; drop > 0 {
		f.Authorities, f.Crosses = f.Authorities[drop:], f.Crosses[drop:]
	}
	return nil
}

// Authorities returns the certificates that clients should know, oldest first.
func (s Secrets) Authorities() [][]byte { return s.kept().Authorities }

// PolicyKey returns the verifier key of policies, LogKey that of the log.
func (s Secrets) PolicyKey() string { return s.kept().PolicyName }

// LogKey returns the verifier key of the log.
func (s Secrets) LogKey() string { return s.kept().LogName }

// LogSigner returns the log's signing key, for the ledger alone.
func (s Secrets) LogSigner() string { return s.kept().LogKey }

// PolicySigner signs policies.
func (s Secrets) PolicySigner() (note.Signer, error) {
	signer, err := note.NewSigner(s.kept().PolicyKey)
	if err != nil {
		return nil, errors.New("read policy key: malformed")
	}
	return signer, nil
}

// sign makes the certificate of a passport, and the chain that clients with an
// older authority need.
func (s Secrets) sign(p keys.Passport) ([][]byte, error) {
	now := s.kept()
	newest, err := x509.ParseCertificate(now.Authorities[len(now.Authorities)-1])
	if err != nil {
		return nil, fmt.Errorf("sign passport: %w", err)
	}
	leaf, err := keys.SignPassport(newest, ed25519.NewKeyFromSeed(now.Seed), p)
	if err != nil {
		return nil, err
	}
	chain := [][]byte{leaf}
	for i := len(now.Crosses) - 1; i >= 0; i-- {
		chain = append(chain, now.Crosses[i])
	}
	return chain, nil
}

// keyed hashes what the service must recognise but not know.
func (s Secrets) keyed(purpose string, parts ...string) string {
	mac := hmac.New(sha256.New, s.kept().Pepper)
	for _, part := range append([]string{purpose}, parts...) {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return fmt.Sprintf("%x", mac.Sum(nil))
}

func (s Secrets) save(path, sealFile string) error {
	key, err := os.ReadFile(sealFile)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, 32)
		_, _ = rand.Read(key)
		err = writeSecret(sealFile, key)
	}
	if err != nil {
		return fmt.Errorf("store secrets: seal key: %w", err)
	}
	plain, err := json.Marshal(s.kept())
	if err != nil {
		return fmt.Errorf("store secrets: %w", err)
	}
	aead, err := sealer(key)
	if err != nil {
		return err
	}
	if err := writeSecret(path, aead.Seal(nil, nil, plain, []byte(sealLabel))); err != nil {
		return fmt.Errorf("store secrets: %w", err)
	}
	return nil
}

const sealLabel = "Conclave 1 service secrets"

func sealer(key []byte) (cipher.AEAD, error) {
	if len(key) != 32 {
		return nil, ErrSecrets
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, ErrSecrets
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, ErrSecrets
	}
	return aead, nil
}

func unseal(key, sealed []byte) (Secrets, error) {
	aead, err := sealer(key)
	if err != nil {
		return Secrets{}, err
	}
	plain, err := aead.Open(nil, nil, sealed, []byte(sealLabel))
	if err != nil {
		return Secrets{}, ErrSecrets
	}
	s := hold(&secretsFile{})
	if json.Unmarshal(plain, s.kept()) != nil || len(s.kept().Seed) != ed25519.SeedSize || len(s.kept().Authorities) == 0 {
		return Secrets{}, ErrSecrets
	}
	return s, nil
}

// writeSecret replaces a file at once and durably.
func writeSecret(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the first error says more
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there; NTFS journals the rename
	}
	if runtime.GOOS == "windows" {
		return nil // which does not let a folder be flushed, and writes renames through
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
