package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestSecretsAreNeverPrinted prints values that hold secrets in every way that the
// standard library has, alone, by pointer, and inside other values.
func TestSecretsAreNeverPrinted(t *testing.T) {
	deviceKey, lobby := newDeviceKey(t), newLobby(t)
	name, err := deviceKey.SignName(MeetingID{1}, 1, "Annabelle Beispiel")
	if err != nil {
		t.Fatal(err)
	}
	code := SecurityCode([]byte("auth"), MeetingID{1}, nil)
	seed, lobbyBytes := deviceKey.Seed(), lobby.Bytes()
	secrets := spellings(seed[:])
	secrets = append(secrets, spellings(lobbyBytes[:])...)
	secrets = append(secrets, "Annabelle", "swordfish", code.Digits(), strings.ReplaceAll(code.Digits(), " ", ""), fmt.Sprint([30]byte(code)))
	knock := NewKnock(name, "swordfish")

	type nested struct{ Value any }
	type deep struct {
		device DeviceKey // unexported: package fmt reads it without its methods
		lobby  LobbyKey
	}
	values := map[string]any{
		"device key": deviceKey, "lobby key": lobby, "knock": knock, "code": code, "name": name,
		"pointers": []any{&deviceKey, &lobby, &knock, &code, &name},
		"nested":   nested{[]any{deviceKey, lobby, knock, code, name}},
		"deep":     deep{deviceKey, lobby},
		"map":      map[string]any{"a": deviceKey, "b": lobby, "c": knock, "d": code},
	}
	for what, v := range values {
		// Not %p: for what is no pointer, package fmt prints the value without its
		// methods, and go vet refuses it.
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08b", "%U"} {
			wantNone(t, what+" "+verb, fmt.Sprintf(verb, v), secrets)
		}
		wantNone(t, what+" Sprint", fmt.Sprint(v), secrets)
		wantNone(t, what+" error", fmt.Errorf("got %v", v).Error(), secrets)
		for _, text := range logged(v) {
			if what != "nested" && what != "pointers" { // a name inside a list goes through JSON, which carries it
				wantNone(t, what+" slog", text, secrets)
			}
		}
		if what == "device key" || what == "lobby key" || what == "knock" || what == "code" || what == "map" || what == "deep" {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			wantNone(t, what+" json", string(text), secrets)
		}
	}
	for what, v := range map[string]any{"device key": deviceKey, "lobby key": lobby, "knock": knock, "code": code, "name": name} {
		if got := fmt.Sprint(v); got != hiddenText {
			t.Errorf("%s prints %q, want %q", what, got, hiddenText)
		}
	}
	for what, s := range map[string]fmt.Stringer{"device key": deviceKey, "lobby key": lobby, "knock": knock} {
		if s.String() != hiddenText || s.(fmt.GoStringer).GoString() != hiddenText {
			t.Errorf("%s has another String", what)
		}
	}
	if text, err := json.Marshal(name); err != nil || !strings.Contains(string(text), "Annabelle") {
		t.Errorf("JSON has to carry the name: %s, %v", text, err)
	}
}

// logged returns what slog's two handlers make of a value.
func logged(v any) []string {
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	return []string{text.String(), js.String()}
}

// spellings returns the ways in which bytes are printed.
func spellings(b []byte) []string {
	return []string{
		string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.StdEncoding.EncodeToString(b),
		base64.RawURLEncoding.EncodeToString(b), strings.Trim(fmt.Sprint(b), "[]"), strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}"),
	}
}

func wantNone(t *testing.T, what, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s prints a secret", what)
			return
		}
	}
}
