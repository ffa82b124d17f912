package present_test

import (
	"testing"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/uitest"
)

func TestDomainIsReadAsPeopleTypeIt(t *testing.T) {
	rows := []struct {
		typed, want string
		ok          bool
	}{
		{"school.example", "school.example", true},
		{"  School.Example. ", "school.example", true},
		{"anna@school.example", "school.example", true},
		{"sub-1.school.example", "sub-1.school.example", true},
		{"", "", false},
		{"school", "", false},
		{"school..example", "", false},
		{"-school.example", "", false},
		{"schööl.example", "", false},
		{"https://school.example", "", false},
		{"school example.org", "", false},
	}
	for _, r := range rows {
		got, ok := present.Domain(r.typed)
		if got != r.want || ok != r.ok {
			t.Errorf("Domain(%q) = %q, %v; want %q, %v", r.typed, got, ok, r.want, r.ok)
		}
	}
}

func TestDemandIsOfferedOnlyWhereSomethingCanBeProved(t *testing.T) {
	rows := []struct {
		name  string
		state core.AccountState
		can   bool
		shown bool
	}{
		{"not asked yet", core.AccountUnknown, true, false},
		{"no accounts", core.AccountNotOffered, true, false},
		{"accounts", core.AccountSignedOut, true, true},
		{"signed in", core.AccountReady, true, true},
		{"a core without accounts", core.AccountReady, false, false},
	}
	for _, r := range rows {
		s := uitest.AtHome()
		s.Account.State, s.Can.Accounts = r.state, r.can
		if got := presenter().Demand(s).Shown; got != r.shown {
			t.Errorf("%s: shown %v, want %v", r.name, got, r.shown)
		}
	}
	s := uitest.AtHome()
	s.Account = core.Account{State: core.AccountReady, Class: keys.ClassOrganisation, Issuer: "school.example"}
	if got, want := presenter().Demand(s).Organisation, "school.example"; got != want {
		t.Errorf("own organisation %q, want %q", got, want)
	}
	s.Account.Class, s.Account.Issuer = keys.ClassVoucher, "partner.example"
	if got := presenter().Demand(s).Organisation; got != "" {
		t.Errorf("a partner that gave a voucher is no organisation of theirs, got %q", got)
	}
}
