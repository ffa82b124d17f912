package calltest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// Clerk is a lying registry: it stands in front of an honest one and changes
// what it answers. What it has not been told to change, it passes on.
type Clerk struct {
	URL string

	mu  sync.Mutex
	lie Answer
}

// Answer turns an answer to path into the one that the client gets. client is
// the device that asks, as the request says, or "".
type Answer func(client, path string, status int, body []byte) (int, []byte)

// NewClerk starts one in front of the service at address. It ends with the test.
func NewClerk(t testing.TB, address string) *Clerk {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c := &Clerk{}
	proxy := &httputil.ReverseProxy{
		// The Host stays what the client dialled: it is part of the signature.
		Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		Transport:      &http.Transport{DisableKeepAlives: true},
		ModifyResponse: c.change,
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Lie sets what is changed from now on; nil is honesty.
func (c *Clerk) Lie(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lie = a
}

func (c *Clerk) change(r *http.Response) error {
	c.mu.Lock()
	lie := c.lie
	c.mu.Unlock()
	if lie == nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	var client string
	if words := bytes.Fields([]byte(r.Request.Header.Get("Authorization"))); len(words) > 2 {
		client = string(words[2])
	}
	status, body := lie(client, r.Request.URL.Path, r.StatusCode, body)
	r.StatusCode, r.Status = status, http.StatusText(status)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}
