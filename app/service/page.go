package service

import (
	"fmt"
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
