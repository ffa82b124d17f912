package keys

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Errors of ParseLink, so that the screen can say what is wrong.
var (
	ErrNotLink        = errors.New("parse link: this is not a link")
	ErrForeignLink    = errors.New("parse link: this is not a link to a Conclave meeting")
	ErrLinkMeeting    = errors.New("parse link: the meeting in it is incomplete or misspelt")
	ErrLinkPin        = errors.New("parse link: the certificate's fingerprint in it is incomplete or misspelt")
	ErrLinkNotSecure  = errors.New("parse link: http is allowed for this computer only; the link must begin with https")
	errLinkTooLong    = ErrNotLink
	linkMeetingPrefix = "/m/"
)

// maxLink is far above every link we make.
const maxLink = 2048

// Link leads to a meeting: where the service is, which meeting, and which
// certificate to expect when the service made its own.
type Link struct {
	Service string    // "https://host[:port]", or "http://127.0.0.1:port" on this computer
	Meeting MeetingID // names host, mode and rules, whatever the service says
	Pin     string    // base64url SHA-256 of the certificate's public key (SPKI); empty for a public CA
}

// ParseLink reads https://host[:port]/m/<id>[#pin], http://… for loopback
// addresses, and conclave://host[:port]/m/<id>[#pin], which means https.
// Spaces around it are ignored; the host and the identifier may be in capitals.
func ParseLink(text string) (Link, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxLink {
		return Link{}, errLinkTooLong
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return Link{}, ErrNotLink
	}
	service, err := linkService(u)
	if err != nil {
		return Link{}, err
	}
	rest, ok := strings.CutPrefix(u.Path, linkMeetingPrefix)
	if !ok || u.RawQuery != "" || u.ForceQuery || u.RawPath != "" {
		return Link{}, ErrForeignLink
	}
	id, err := ParseMeetingID(strings.ToLower(strings.TrimSuffix(rest, "/")))
	if err != nil {
		return Link{}, ErrLinkMeeting
	}
	if u.Fragment != "" && !isPin(u.Fragment) {
		return Link{}, ErrLinkPin
	}
	return Link{Service: service, Meeting: id, Pin: u.Fragment}, nil
}

// String returns the link as people share it.
func (l Link) String() string {
	text := l.Service + linkMeetingPrefix + l.Meeting.String()
	if l.Pin != "" {
		text += "#" + l.Pin
	}
	return text
}

// linkService returns scheme, host and port in one form.
func linkService(u *url.URL) (string, error) {
	scheme := strings.ToLower(u.Scheme)
	switch scheme {
	case "https", "http":
	case "conclave":
		scheme = "https"
	default:
		return "", ErrForeignLink
	}
	name := strings.ToLower(u.Hostname())
	if u.User != nil || !isHost(name) || !isPort(u) {
		return "", ErrForeignLink
	}
	if scheme == "http" && !isLoopback(name) {
		return "", ErrLinkNotSecure
	}
	return scheme + "://" + strings.ToLower(u.Host), nil
}

func isPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

// isHost accepts addresses and names of letters, digits, dots and hyphens
// (an international name is in its xn-- form).
func isHost(name string) bool {
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr.Zone() == ""
	}
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// isLoopback accepts loopback addresses and localhost.
func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

func isPin(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == 32 && base64.RawURLEncoding.EncodeToString(raw) == s
}
