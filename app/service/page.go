package service

import (
	"fmt"
	"net"
	"net/http"

	"conclave/keys"
)

// page tells somebody who opened a meeting's link in a browser what to do. It
// has no script, loads nothing, and does not say whether the meeting exists.
func (s *Service) page(w http.ResponseWriter, r *http.Request) {
	id, err := keys.ParseMeetingID(r.PathValue("meeting"))
	if err != nil {
		http.Error(w, "This is not a link to a Conclave meeting: its number is damaged.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = fmt.Fprintf(w, pageText, id.String())
}

const pageText = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Conclave meeting</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d2430}code{overflow-wrap:anywhere}</style>
<h1>A Conclave meeting</h1>
<p>Conclave meetings open in the Conclave app, because a page sent by a server
could read along: the keys stay in the app on your computer.</p>
<ol><li>Start Conclave.<li>Choose <b>Join by link</b>.<li>Paste the whole address of this page,
with everything behind a <code>#</code>.</ol>
<p>Meeting <code>%s</code></p>
</html>
`

// metrics prints the service's figures, to this computer only: no names, no
// devices, no addresses, but still the operator's business.
func (s *Service) metrics(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || r.Header.Get("X-Forwarded-For") != "" {
		http.Error(w, "figures are shown on the service's own computer only", http.StatusForbidden)
		return
	}
	stats := s.hall.Stats()
	s.mu.Lock()
	open := s.open
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, line := range []struct {
		name, kind, help string
		value            int64
	}{
		{"meetings", "gauge", "meetings in memory", stats.Meetings},
		{"seated", "gauge", "devices connected to a seat", stats.Seated},
		{"waiting", "gauge", "devices in lobbies", stats.Waiting},
		{"connections", "gauge", "open control connections", int64(open)},
		{"connections_total", "counter", "control connections accepted", s.counts.connections.Load()},
		{"connections_refused_total", "counter", "control connections over a limit", s.counts.refused.Load()},
		{"ordered_total", "counter", "messages ordered", stats.Ordered},
		{"stale_total", "counter", "requests that came too late", stats.Stale},
		{"knocks_total", "counter", "knocks", stats.Knocks},
		{"ended_total", "counter", "meetings ended", stats.Ended},
		{"malformed_total", "counter", "malformed messages", s.counts.malformed.Load()},
		{"too_fast_total", "counter", "messages over the rate limit", s.counts.tooFast.Load()},
		{"slow_total", "counter", "connections cut because they did not read", s.counts.slow.Load()},
	} {
		_, _ = fmt.Fprintf(w, "# HELP conclave_%s %s\n# TYPE conclave_%s %s\nconclave_%s %d\n",
			line.name, line.help, line.name, line.kind, line.name, line.value)
	}
}
