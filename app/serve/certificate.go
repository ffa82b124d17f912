package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// selfMadeFor is how long a certificate of our own making is valid. Links pin
// its key, not its date, and a new key would break every link.
const selfMadeFor = 20 * 365 * 24 * time.Hour

// certificate returns the administrator's certificate without a pin, or one of
// the service's own making with its pin. The latter is kept in the data folder.
func certificate(o options) (tls.Certificate, string, error) {
	if file := o.Text("tls-cert"); file != "" {
		cert, err := tls.LoadX509KeyPair(file, o.Text("tls-key"))
		if err != nil {
			return cert, "", fmt.Errorf("certificate cannot be used: %w", err)
		}
		return cert, "", nil
	}
	text, err := selfMade(o)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("certificate cannot be kept in the data folder: %w", err)
	}
	cert, err := tls.X509KeyPair(text, text)
	if err != nil {
		return cert, "", fmt.Errorf("certificate in the data folder is damaged: %w", err)
	}
	sum := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	return cert, base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// selfMade returns certificate and key as one PEM text.
func selfMade(o options) ([]byte, error) {
	folder := o.Text("data")
	if folder == "" {
		return newCertificate(o)
	}
	path := filepath.Join(folder, "certificate.pem")
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if text, err = newCertificate(o); err != nil {
		return nil, err
	}
	// Written beside and renamed, so that a crash leaves none or a whole one.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return nil, err
	}
	return text, os.Rename(path+".new", path)
}

func newCertificate(o options) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	names, addresses := hosts(o)
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Conclave service"},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().Add(selfMadeFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names,
		IPAddresses:  addresses,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// hosts are the names for which the certificate speaks.
func hosts(o options) (names []string, addresses []net.IP) {
	names, addresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	if name, err := os.Hostname(); err == nil && name != "" {
		names = append(names, name)
	}
	for _, host := range []string{hostname(o.Text("url")), hostOnly(o.Text("listen"))} {
		if ip := net.ParseIP(host); ip != nil {
			addresses = append(addresses, ip)
		} else if host != "" {
			names = append(names, host)
		}
	}
	return names, addresses
}

func hostname(u string) string {
	parsed, err := url.Parse(u)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

func hostOnly(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return host
}
