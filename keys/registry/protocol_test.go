package registry

import (
	"os"
	"strings"
	"testing"

	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

func TestProtocolNamesEveryPathAndCode(t *testing.T) {
	data, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for path := range (&Registry{}).methods() {
		if !strings.Contains(text, "`"+path+"`") {
			t.Errorf("PROTOCOL.md lacks the path %s", path)
		}
	}
	for _, code := range wire.Codes() {
		if !strings.Contains(text, "`"+string(code)+"`") {
			t.Errorf("PROTOCOL.md lacks the code %s", code)
		}
	}
	for _, kind := range []store.Kind{
		kindAccount, kindAddress, kindDevice, kindVerification, kindProof, kindAttempt, kindVoucher, kindPassport, kindSeat,
		kindEvent, kindDisclosure, kindPolicy, kindTerms, kindLogged, kindNonce,
	} {
		if !strings.Contains(text, "`"+string(kind)+"`") {
			t.Errorf("PROTOCOL.md lacks records of kind %s", kind)
		}
	}
	for _, route := range []string{ReportPath, ReportFile, "hooks/delivery", "hooks/billing", "POST /command"} {
		if !strings.Contains(text, route) {
			t.Errorf("PROTOCOL.md lacks %s", route)
		}
	}
	for _, kind := range []tlog.Kind{tlog.KindPassport, tlog.KindRevocation, tlog.KindPolicy, tlog.KindAuthority, tlog.KindDisclosure} {
		if !strings.Contains(text, kind.String()) {
			t.Errorf("PROTOCOL.md lacks entries of kind %s", kind)
		}
	}
}

func TestNetworksAreWholeNeighbourhoods(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:99": "192.0.2.0/24", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[::ffff:192.0.2.7]:1": "192.0.2.0/24",
		"[fe80::1%eth0]:1": "fe80::/64", "nonsense": "unknown", "": "unknown",
	} {
		if got := networkOf(remote); got != want {
			t.Errorf("%q: got %s, want %s", remote, got, want)
		}
	}
}
