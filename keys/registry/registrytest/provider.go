package registrytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Provider is an OpenID provider with discovery, keys, an authorization page
// that says yes at once, and a token endpoint that demands PKCE.
type Provider struct {
	Issuer   string
	ClientID string
	key      *rsa.PrivateKey

	mutex  sync.Mutex
	codes  map[string]grant
	email  string
	deny   bool
	change func(claims map[string]any)
}

type grant struct{ challenge, nonce, redirect, email string }

// NewProvider starts one that ends with the test. People sign on as email.
func NewProvider(t testing.TB, email string) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{ClientID: "conclave-app", key: key, codes: map[string]grant{}, email: email}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.Issuer = server.URL
	return p
}

// As makes people sign on as email from now on.
func (p *Provider) As(email string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.email = email
}

// Deny makes the authorization page say no.
func (p *Provider) Deny(deny bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.deny = deny
}

// Change alters the claims of ID tokens before they are signed.
func (p *Provider) Change(f func(claims map[string]any)) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.change = f
}

// Browse is a browser that opens the page and follows its redirects.
func (p *Provider) Browse(page string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Get(page)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token",
		"jwks_uri": p.Issuer + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []map[string]any{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Hostname() != "127.0.0.1" || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != p.ClientID {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mutex.Lock()
	code := rand.Text()
	p.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri"), p.email}
	deny := p.deny
	p.mutex.Unlock()
	answer := url.Values{"state": {q.Get("state")}, "code": {code}}
	if deny {
		answer = url.Values{"state": {q.Get("state")}, "error": {"access_denied"}}
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	g, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mutex.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || encode(sum[:]) != g.challenge || r.PostFormValue("redirect_uri") != g.redirect {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.Token(g.email, g.nonce)})
}

// Token signs an ID token.
func (p *Provider) Token(email, nonce string) string {
	claims := map[string]any{
		"iss": p.Issuer, "aud": p.ClientID, "sub": "subject of " + email, "nonce": nonce, "email": email, "email_verified": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	p.mutex.Lock()
	if p.change != nil {
		p.change(claims)
	}
	p.mutex.Unlock()
	header, _ := json.Marshal(map[string]string{"alg": "RS256", "kid": "1"})
	body, _ := json.Marshal(claims)
	text := encode(header) + "." + encode(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + encode(signature)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
