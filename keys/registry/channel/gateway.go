package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"
)

// GatewayConfig describes the HTTP interface of an SMS provider. Start from a
// Provider and fill in the address and the secrets.
type GatewayConfig struct {
	// URL takes POST requests. It must be https, except on this computer.
	URL string
	// ContentType of the body: "application/json" or
	// "application/x-www-form-urlencoded".
	ContentType string
	// Body is a text/template with .To, .Text, .From and .Attempt; values are
	// quoted for the content type.
	Body string
	// From is the sender that the provider expects.
	From string
	// Username and Password are sent as basic authentication, when set.
	Username, Password string
	// Header holds more fields, such as an API key.
	Header map[string]string
	// Secret signs requests and deliveries (Sign, Verify), when set.
	Secret []byte
	// Refused are the statuses that mean that the number is not accepted; other
	// statuses from 400 mean that the gateway is down.
	Refused []int
	// Timeout of a request; 10 s when zero.
	Timeout time.Duration
	// Transport carries the requests; nil for http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock of signatures; time.Now when nil.
	Now func() time.Time
}

// Provider returns the shape of a usual provider's interface: "generic" (JSON,
// signed), "twilio" or "vonage". URL, From and secrets are left to fill in.
func Provider(name string) (GatewayConfig, error) {
	switch name {
	case "generic":
		return GatewayConfig{
			ContentType: "application/json", Refused: []int{400, 422},
			Body: `{"to":{{.To}},"from":{{.From}},"text":{{.Text}},"reference":{{.Attempt}}}`,
		}, nil
	case "twilio":
		return GatewayConfig{
			ContentType: "application/x-www-form-urlencoded", Refused: []int{400},
			Body: `To={{.To}}&From={{.From}}&Body={{.Text}}`,
		}, nil
	case "vonage":
		return GatewayConfig{
			ContentType: "application/json", Refused: []int{422},
			Body: `{"message_type":"text","channel":"sms","to":{{.To}},"from":{{.From}},"text":{{.Text}},"client_ref":{{.Attempt}}}`,
		}, nil
	}
	return GatewayConfig{}, errors.New("set up sms: want generic, twilio or vonage")
}

// Gateway sends messages by SMS.
type Gateway struct {
	cfg    GatewayConfig
	body   *template.Template
	client *http.Client
}

// NewGateway checks the configuration; it does not connect.
func NewGateway(cfg GatewayConfig) (*Gateway, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLocal(u.Hostname())) {
		return nil, errors.New("set up sms: want an https address")
	}
	body, err := template.New("body").Option("missingkey=error").Parse(cfg.Body)
	if err != nil || cfg.Body == "" {
		return nil, errors.New("set up sms: the body template does not parse")
	}
	if cfg.ContentType != "application/json" && cfg.ContentType != "application/x-www-form-urlencoded" {
		return nil, errors.New("set up sms: content type must be JSON or a form")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Gateway{cfg: cfg, body: body, client: &http.Client{
		Timeout: cfg.Timeout, Transport: cfg.Transport,
		// A redirect would carry codes to where nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	probe, err := g.fill(Message{To: `+1"&`, Code: "1", Attempt: "a"})
	if err != nil || cfg.ContentType == "application/json" && !json.Valid(probe) {
		return nil, errors.New("set up sms: the body template gives no valid body")
	}
	return g, nil
}

func isLocal(host string) bool { return host == "127.0.0.1" || host == "::1" || host == "localhost" }

// Send implements Channel.
func (g *Gateway) Send(ctx context.Context, m Message) error {
	body, err := g.fill(m)
	if err != nil {
		return errors.New("send sms: the body template failed")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("send sms: wrong address")
	}
	request.Header.Set("Content-Type", g.cfg.ContentType)
	for name, value := range g.cfg.Header {
		request.Header.Set(name, value)
	}
	if g.cfg.Username != "" {
		request.SetBasicAuth(g.cfg.Username, g.cfg.Password)
	}
	if len(g.cfg.Secret) > 0 {
		request.Header.Set(SignatureHeader, Sign(g.cfg.Secret, g.cfg.Now(), body))
	}
	response, err := g.client.Do(request)
	if err != nil {
		return ErrDown // the text of err may quote the address with a key in it
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return nil
	case slices.Contains(g.cfg.Refused, response.StatusCode):
		return ErrRefused
	}
	return ErrDown
}

// fill makes the body; every value is quoted for the content type.
func (g *Gateway) fill(m Message) ([]byte, error) {
	quote := url.QueryEscape
	if g.cfg.ContentType == "application/json" {
		quote = func(s string) string {
			out, _ := json.Marshal(s) // a string never fails
			return string(out)
		}
	}
	var out bytes.Buffer
	err := g.body.Execute(&out, map[string]string{
		"To": quote(m.To), "Text": quote(strings.TrimSpace(text(m))), "From": quote(g.cfg.From), "Attempt": quote(m.Attempt),
	})
	if err != nil {
		return nil, fmt.Errorf("fill template: %w", err)
	}
	return out.Bytes(), nil
}
