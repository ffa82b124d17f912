package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// authority is a small ACME authority (RFC 8555). It proves a name as the real
// ones do, by TLS-ALPN-01 at the address that it was told, and does not check
// the signatures of requests.
type authority struct {
	t       *testing.T
	server  *httptest.Server
	key     *ecdsa.PrivateKey
	cert    *x509.Certificate
	service atomic.Value // address of the service that is proved
	name    atomic.Value
	proved  atomic.Bool
	asked   atomic.Int64
	issued  atomic.Value // PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.server = httptest.NewTLSServer(a.routes())
	t.Cleanup(a.server.Close)
	return a
}

func (a *authority) routes() http.Handler {
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	order := func() map[string]any {
		u := a.server.URL
		o := map[string]any{"status": "pending", "authorizations": []string{u + "/authz"}, "finalize": u + "/finalize", "identifiers": []any{map[string]string{"type": "dns", "value": a.name.Load().(string)}}}
		if a.proved.Load() {
			o["status"] = "ready"
		}
		if a.issued.Load() != nil {
			o["status"], o["certificate"] = "valid", u+"/certificate"
		}
		return o
	}
	challenge := func() map[string]any {
		status := "pending"
		if a.proved.Load() {
			status = "valid"
		}
		return map[string]any{"type": "tls-alpn-01", "url": a.server.URL + "/challenge", "token": "token", "status": status}
	}
	mux.HandleFunc("/directory", func(w http.ResponseWriter, _ *http.Request) {
		a.asked.Add(1)
		u := a.server.URL
		say(w, 200, map[string]any{"newNonce": u + "/nonce", "newAccount": u + "/account", "newOrder": u + "/order", "revokeCert": u + "/x", "keyChange": u + "/x", "meta": map[string]any{"termsOfService": u}})
	})
	mux.HandleFunc("/nonce", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	mux.HandleFunc("/account", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", a.server.URL+"/account/1")
		say(w, 201, map[string]any{"status": "valid"})
	})
	mux.HandleFunc("/order", func(w http.ResponseWriter, r *http.Request) {
		var o struct {
			Identifiers []struct{ Value string }
		}
		a.payload(r, &o)
		a.name.Store(o.Identifiers[0].Value)
		w.Header().Set("Location", a.server.URL+"/order/1")
		say(w, 201, order())
	})
	mux.HandleFunc("/order/1", func(w http.ResponseWriter, _ *http.Request) { say(w, 200, order()) })
	mux.HandleFunc("/authz", func(w http.ResponseWriter, _ *http.Request) {
		c := challenge()
		say(w, 200, map[string]any{"status": c["status"], "identifier": map[string]string{"type": "dns", "value": a.name.Load().(string)}, "challenges": []any{c}})
	})
	mux.HandleFunc("/challenge", func(w http.ResponseWriter, _ *http.Request) {
		conn, err := tls.Dial("tcp", a.service.Load().(string), &tls.Config{
			ServerName: a.name.Load().(string), NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true, //nolint:gosec // as the RFC has it
		})
		if err == nil {
			a.proved.Store(conn.ConnectionState().NegotiatedProtocol == "acme-tls/1")
			_ = conn.Close()
		}
		say(w, 200, challenge())
	})
	mux.HandleFunc("/finalize", func(w http.ResponseWriter, r *http.Request) {
		var o struct{ CSR string }
		a.payload(r, &o)
		a.issue(o.CSR)
		w.Header().Set("Location", a.server.URL+"/order/1")
		say(w, 200, order())
	})
	mux.HandleFunc("/certificate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.issued.Load().([]byte))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", rand.Text())
		mux.ServeHTTP(w, r)
	})
}

func (a *authority) payload(r *http.Request, into any) {
	var jws struct{ Payload string }
	err := json.NewDecoder(r.Body).Decode(&jws)
	data, err2 := base64.RawURLEncoding.DecodeString(jws.Payload)
	if err != nil || err2 != nil || json.Unmarshal(data, into) != nil {
		a.t.Errorf("malformed request to the authority: %v", err)
	}
}

func (a *authority) issue(text string) {
	der, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		a.t.Error(err)
		return
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || csr.CheckSignature() != nil {
		a.t.Errorf("request for a certificate: %v", err)
		return
	}
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: csr.DNSNames[0]}, DNSNames: csr.DNSNames,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, csr.PublicKey, a.key)
	if err != nil {
		a.t.Error(err)
		return
	}
	a.issued.Store(append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})...))
}

func TestCertificatesComeFromAnAuthorityByThemselves(t *testing.T) {
	a, data := newAuthority(t), t.TempDir()
	rootsFile := filepath.Join(t.TempDir(), "roots.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	if err := os.WriteFile(rootsFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--data", data, "--listen", "127.0.0.1:0", "--media-port", "0", "--admin-socket", "off",
		"--acme-domain", "meet.example.org", "--acme-directory", a.server.URL + "/directory", "--acme-roots", rootsFile,
	}
	p := start(t, append(args, "--url", "https://meet.example.org")...)
	if p.Pin != "" || p.URL != "https://meet.example.org" {
		t.Errorf("announced %+v: links must not pin a certificate that changes", p.announcement)
	}
	p.stop()
	p.wait(t)
	p = start(t, args...)
	u, err := url.Parse(p.URL)
	if err != nil || u.Hostname() != "meet.example.org" {
		t.Fatalf("announced %s", p.URL)
	}
	address := net.JoinHostPort("127.0.0.1", u.Port())
	a.service.Store(address)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	dial := func(name string) error {
		conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS13})
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	if err := dial("other.example.org"); err == nil || a.asked.Load() != 0 {
		t.Errorf("a foreign name: %v, and the authority was asked %d times", err, a.asked.Load())
	}
	if err := dial("meet.example.org"); err != nil {
		t.Fatalf("the first visitor: %v\n%s", err, p.err)
	}
	p.stop()
	p.wait(t)
	asked := a.asked.Load()
	p = start(t, args...)
	u, _ = url.Parse(p.URL)
	address = net.JoinHostPort("127.0.0.1", u.Port())
	if err := dial("meet.example.org"); err != nil || a.asked.Load() != asked {
		t.Errorf("after a restart: %v, and the authority was asked %d times more", err, a.asked.Load()-asked)
	}
	p.stop()
	p.wait(t)
}
