package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"conclave/keys"
)

var now = time.Unix(1_800_000_000, 0)

func TestSignatureBindsServicePathBodyAndTime(t *testing.T) {
	device, _ := keys.NewDeviceKey()
	body := []byte(`{"a":1}`)
	header := Sign(device, "meet.example", "/v1/account", body, now)
	got, _, err := Verify(header, "meet.example", "/v1/account", body, now.Add(time.Minute))
	if err != nil || got != device.Public() {
		t.Fatal(err)
	}
	parts := strings.Split(header, " ")
	other, _ := keys.NewDeviceKey()
	parts[2] = other.Public().String()
	for name, f := range map[string]func() error{
		"host": func() error { _, _, err := Verify(header, "evil.example", "/v1/account", body, now); return err },
		"path": func() error { _, _, err := Verify(header, "meet.example", "/v1/delete", body, now); return err },
		"body": func() error {
			_, _, err := Verify(header, "meet.example", "/v1/account", []byte("{}"), now)
			return err
		},
		"late": func() error {
			_, _, err := Verify(header, "meet.example", "/v1/account", body, now.Add(3*time.Minute))
			return err
		},
		"early": func() error {
			_, _, err := Verify(header, "meet.example", "/v1/account", body, now.Add(-3*time.Minute))
			return err
		},
		"empty":  func() error { _, _, err := Verify("", "meet.example", "/v1/account", body, now); return err },
		"bearer": func() error { _, _, err := Verify("Bearer abc", "meet.example", "/v1/account", body, now); return err },
		"device": func() error {
			_, _, err := Verify(strings.Join(parts, " "), "meet.example", "/v1/account", body, now)
			return err
		},
		"truncated": func() error {
			_, _, err := Verify(header[:len(header)-2], "meet.example", "/v1/account", body, now)
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	var r Finish
	if err := Decode([]byte(`{"attempt":"a","code":"1"} `), &r); err != nil || r.Code != "1" {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"", "null x", "[]", `{"attempt":1}`, `{"other":1}`, `{} {}`, `{"attempt":"a"`, `"a"`} {
		if Decode([]byte(text), &Finish{}) == nil {
			t.Errorf("%s accepted", text)
		}
	}
}

func TestTextsAreHiddenButTravel(t *testing.T) {
	r := SignInStart{Address: "ana@home.example"}
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%#v"} {
		if s := fmt.Sprintf(verb, r); strings.Contains(s, "ana") {
			t.Errorf("%s shows %s", verb, s)
		}
	}
	data, _ := json.Marshal(r)
	if string(data) != `{"address":"ana@home.example"}` {
		t.Errorf("does not travel: %s", data)
	}
}

func TestCodesHaveStatuses(t *testing.T) {
	for _, c := range Codes() {
		if c.Status() < 400 || c.Status() > 599 {
			t.Errorf("%s: status %d", c, c.Status())
		}
	}
	if Code("other").Status() != 0 {
		t.Error("an unknown code has a status")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"attempt":"a","code":"123456","name":"Ana"}`))
	f.Add([]byte(`{"partner":"p","message":"AA==","signature":"AA=="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, into := range []any{&SignInStart{}, &PhoneStart{}, &Finish{}, &Outbox{}, &SignOnStart{}, &SignOnFinish{}, &Voucher{}, &Empty{}, &Rename{}, &Revoke{}} {
			if Decode(data, into) != nil {
				continue
			}
			again, err := json.Marshal(into)
			if err != nil || Decode(again, into) != nil {
				t.Fatalf("%T does not come back", into)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	device := keys.DeviceKeyFromSeed([32]byte{1})
	f.Add(Sign(device, "h", "/p", nil, now), []byte{})
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if len(body) > 0 {
			if _, _, err := Verify(header, "h", "/p", body, now); err == nil {
				t.Fatal("forged")
			}
		}
	})
}
