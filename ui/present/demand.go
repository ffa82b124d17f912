package present

import (
	"strings"

	"conclave/app/core"
	"conclave/keys"
)

// DemandView is what a host may ask of those who come in, beyond policy.
type DemandView struct {
	Shown        bool   // the service keeps accounts, so there is something to prove
	Organisation string // to begin with: the host's own, "" when they have none
}

// Demand computes the view.
func (p Presenter) Demand(s core.Snapshot) DemandView {
	a := s.Account
	v := DemandView{Shown: s.Can.Accounts && a.State != core.AccountNotOffered && a.State != core.AccountUnknown}
	if a.Class == keys.ClassOrganisation || a.Class == keys.ClassSeat {
		v.Organisation = a.Issuer
	}
	return v
}

// Domain reads an organisation's domain as somebody types it: with an address
// before it, in capitals, with a dot behind. It reports whether it is one.
func Domain(typed string) (domain string, ok bool) {
	d := strings.ToLower(strings.TrimSpace(typed))
	if i := strings.LastIndexByte(d, '@'); i >= 0 {
		d = d[i+1:]
	}
	d = strings.TrimSuffix(d, ".")
	if len(d) > 253 || !strings.Contains(d, ".") {
		return "", false
	}
	for part := range strings.SplitSeq(d, ".") {
		if part == "" || len(part) > 63 || part[0] == '-' || part[len(part)-1] == '-' || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
	}
	return d, true
}
