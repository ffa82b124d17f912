package channel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var message = Message{Attempt: "abc123", To: `+49"170&x=1`, Code: "123456", Until: time.Unix(600, 0), Service: "meet.example"}

func TestProvidersTemplatesQuoteWhatTheyFillIn(t *testing.T) {
	for _, name := range []string{"generic", "twilio", "vonage"} {
		cfg, err := Provider(name)
		if err != nil {
			t.Fatal(err)
		}
		cfg.URL, cfg.From = "https://sms.example/", `A"&B`
		g, err := NewGateway(cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := g.fill(message)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if cfg.ContentType == "application/json" {
			if err := json.Unmarshal(body, &got); err != nil {
				t.Errorf("%s: %s", name, body)
			}
		} else {
			form, err := url.ParseQuery(string(body))
			if err != nil {
				t.Fatal(err)
			}
			for k := range form {
				got[strings.ToLower(k)] = form.Get(k)
			}
			got["text"] = got["body"]
		}
		if got["to"] != message.To || got["from"] != cfg.From || !strings.HasPrefix(got["text"], "123456 is your code for meet.example.") {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := Provider("pigeon"); err == nil {
		t.Error("an unknown provider has a template")
	}
}

func TestGatewayRefusesDangerousSettings(t *testing.T) {
	good, _ := Provider("generic")
	good.URL = "https://sms.example/"
	for name, change := range map[string]func(*GatewayConfig){
		"http":         func(c *GatewayConfig) { c.URL = "http://sms.example/" },
		"no address":   func(c *GatewayConfig) { c.URL = "" },
		"content type": func(c *GatewayConfig) { c.ContentType = "text/html" },
		"no body":      func(c *GatewayConfig) { c.Body = "" },
		"bad template": func(c *GatewayConfig) { c.Body = "{{.To" },
		"unknown word": func(c *GatewayConfig) { c.Body = `{"to":{{.Phone}}}` },
		"not JSON":     func(c *GatewayConfig) { c.Body = `{"to":{{.To}}` },
	} {
		c := good
		change(&c)
		if _, err := NewGateway(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWebhookSignatures(t *testing.T) {
	now, secret, body := time.Unix(1_800_000_000, 0), []byte("s"), []byte("body")
	good := Sign(secret, now, body)
	for name, row := range map[string]struct {
		secret []byte
		value  string
		body   string
		now    time.Time
		want   error
	}{
		"good": {secret, good, "body", now.Add(Tolerance), nil}, "old": {secret, good, "body", now.Add(Tolerance + time.Second), ErrSignature},
		"future": {secret, good, "body", now.Add(-Tolerance - time.Second), ErrSignature}, "body": {secret, good, "Body", now, ErrSignature},
		"secret": {[]byte("t"), good, "body", now, ErrSignature}, "no secret": {nil, Sign(nil, now, body), "body", now, ErrSignature},
		"empty": {secret, "", "body", now, ErrSignature}, "other time": {secret, strings.Replace(good, "t=18", "t=17", 1), "body", now, ErrSignature},
		"no scheme": {secret, strings.TrimPrefix(good, "t="), "body", now, ErrSignature},
	} {
		if err := Verify(row.secret, row.value, []byte(row.body), row.now); !errors.Is(err, row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOutboxKeepsToItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	o, err := NewOutbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if code, err := o.Code(message.Attempt); err != nil || code != message.Code {
		t.Errorf("got %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "abc123.txt")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v", err)
	}
	for _, attempt := range []string{"", "../x", "a/b", "A", ".", strings.Repeat("a", 65)} {
		if _, err := o.Code(attempt); err == nil {
			t.Errorf("%q: read", attempt)
		}
		if err := o.Send(t.Context(), Message{Attempt: attempt}); err == nil {
			t.Errorf("%q: written", attempt)
		}
	}
	if err := o.Prune(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Code(message.Attempt); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pruned: %v", err)
	}
}

func TestMessagesAreHidden(t *testing.T) {
	data, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s %q", message, message, message, message, message), string(data)} {
		if strings.Contains(s, "123456") || strings.Contains(s, "+49") {
			t.Errorf("shows %s", s)
		}
	}
}

func FuzzVerify(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	f.Add(Sign([]byte("other"), now, []byte("b")))
	f.Fuzz(func(t *testing.T, value string) {
		if Verify([]byte("secret"), value, []byte("b"), now) == nil {
			t.Fatal("forged")
		}
	})
}
