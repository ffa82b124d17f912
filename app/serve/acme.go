package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acmeDomains are the names for which certificates are fetched.
func acmeDomains(o options) []string {
	var all []string
	for name := range strings.SplitSeq(o.Text("acme-domain"), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// checkCertificates finds settings of certificates that exclude each other.
func (o options) checkCertificates() error {
	names := acmeDomains(o)
	for _, name := range names {
		if !strings.Contains(name, ".") || strings.ContainsAny(name, "*:/ ") {
			return usageError{fmt.Errorf("acme-domain %q is not the name of a host", name)}
		}
	}
	switch {
	case len(names) == 0 && (o.Text("acme-email") != "" || o.Text("acme-directory") != "" || o.Text("acme-roots") != ""):
		return usageError{errors.New("acme-email, acme-directory and acme-roots are for acme-domain")}
	case len(names) == 0:
		return nil
	case o.local || o.Text("tls-cert") != "":
		return usageError{errors.New("acme-domain is not for --local, and not beside tls-cert")}
	case o.Text("data") == "":
		return usageError{errors.New("acme-domain needs a data folder: authorities refuse whoever asks anew at each start")}
	case o.Text("acme-directory") != "" && !strings.HasPrefix(o.Text("acme-directory"), "https://"):
		return usageError{errors.New("acme-directory does not begin with https://")}
	}
	return nil
}

// tlsConfig returns how clients are answered, and the pin of a certificate of
// the service's own making.
func tlsConfig(o options) (*tls.Config, string, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	if len(acmeDomains(o)) == 0 {
		cert, pin, err := certificate(o)
		c.Certificates = []tls.Certificate{cert}
		return c, pin, err
	}
	m, err := acmeManager(o)
	if err != nil {
		return nil, "", err
	}
	c.GetCertificate = m.GetCertificate
	// The authority proves the name on this port (TLS-ALPN-01), so no second one
	// has to be open.
	c.NextProtos = append(c.NextProtos, acme.ALPNProto)
	return c, "", nil
}

func acmeManager(o options) (*autocert.Manager, error) {
	folder := filepath.Join(o.Text("data"), "certificates")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("certificates cannot be kept in the data folder: %w", cause(err))
	}
	client := &acme.Client{DirectoryURL: o.Text("acme-directory"), UserAgent: "conclave-serve"}
	if client.DirectoryURL == "" {
		client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	transport := &http.Transport{TLSHandshakeTimeout: 10 * time.Second, Proxy: http.ProxyFromEnvironment}
	if file := o.Text("acme-roots"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("acme-roots cannot be read: %w", cause(err))
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("acme-roots has no certificate in it")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	client.HTTPClient = &http.Client{Transport: transport, Timeout: time.Minute}
	return &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(folder), Client: client,
		HostPolicy: autocert.HostWhitelist(acmeDomains(o)...), Email: o.Text("acme-email"),
	}, nil
}
