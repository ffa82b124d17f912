package peer

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestPlainAddressesAreForThisComputerOnly(t *testing.T) {
	for text, ok := range map[string]bool{
		"wss://example.org": true, "https://example.org:8443": true, "ws://127.0.0.1:7000": true, "http://localhost:1": true, "ws://[::1]:9": true,
		"ws://example.org": false, "http://192.168.1.4:80": false, "ftp://127.0.0.1": false, "127.0.0.1:80": false, "": false, "wss://": false,
		"ws://127.0.0.1.example.org": false, "ws://localhost.example.org": false,
	} {
		u, err := relayURL(text)
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && u.Scheme != "ws" && u.Scheme != "wss" {
			t.Errorf("%q becomes %v", text, u)
		}
	}
}

func TestPinnedCertificateAndNoOtherIsAccepted(t *testing.T) {
	up := websocket.Upgrader{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := up.Upgrade(w, r, nil); err == nil {
			_ = c.Close()
		}
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the point
	srv.StartTLS()
	defer srv.Close()
	u, err := url.Parse(strings.Replace(srv.URL, "https", "wss", 1))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(srv.Certificate().RawSubjectPublicKeyInfo)
	right := base64.RawURLEncoding.EncodeToString(sum[:])
	sum[0] ^= 1
	wrong := base64.RawURLEncoding.EncodeToString(sum[:])
	dial := func(text string) error {
		t.Helper()
		if err := pin(u, text); err != nil {
			t.Fatal(err)
		}
		c, resp, err := websocket.DefaultDialer.DialContext(t.Context(), u.String(), nil)
		if resp != nil {
			_ = resp.Body.Close()
		}
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	if err := dial(right); err != nil {
		t.Errorf("with the right pin: %v", err)
	}
	if err := dial(wrong); !errors.Is(err, ErrPin) {
		t.Errorf("with a wrong pin: %v, want ErrPin", err)
	}
	if err := dial(""); err == nil || errors.Is(err, ErrPin) {
		t.Errorf("self-made certificate without a pin: %v, want the system's refusal", err)
	}
	resp, err := http.DefaultClient.Get(srv.URL)
	if err == nil {
		_ = resp.Body.Close()
		t.Error("the HTTP client accepts the certificate without a pin")
	}
	for _, bad := range []string{"short", "!!", strings.Repeat("A", 100)} {
		if err := pin(u, bad); err == nil {
			t.Errorf("pin %q was accepted", bad)
		}
	}
}

func TestErrorsDoNotQuoteTheToken(t *testing.T) {
	_, err := Dial(t.Context(), Config{URL: "ws://127.0.0.1:1", Token: "very-secret-token"})
	if err == nil {
		t.Fatal("connected to nothing")
	}
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("the error says too much: %v", err)
	}
}
