package mls

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// TestSecretsAreNeverPrinted prints everything that holds a secret, in every way
// there is, and looks for the secret.
func TestSecretsAreNeverPrinted(t *testing.T) {
	secret := suite.Secret("a secret that must not be seen!!")
	groups := meeting(t, X25519AES128, 2)
	g := groups[0]
	g.now.epoch.Exporter = secret.Clone()
	g.now.private.SetLeafKey(secret)
	staged, err := g.Commit(CommitOptions{})
	must(t, err)
	staged.next.epoch.Exporter = secret.Clone()
	config := g.config
	values := map[string]any{
		"Secret": secret, "*Secret": &secret,
		"Group": g, "Staged": staged, "*Config": &config, "Config": config,
		"KeyPackage": &KeyPackage{initKey: secret, leafKey: secret, public: new(framing.KeyPackage)},
		"KeyPair":    suite.KeyPair{Private: secret}, "*KeyPair": &suite.KeyPair{Private: secret},
		"Epoch": &schedule.Epoch{Exporter: secret}, "Epoch value": schedule.Epoch{Exporter: secret},
		"SecretTree": schedule.NewSecretTree(g.now.suite, 2, secret),
		"MessageKey": schedule.MessageKey{Key: secret}, "Lease": &schedule.Lease{MessageKey: schedule.MessageKey{Key: secret}},
		"Private": tree.NewPrivate(0, secret), "NewPath": &tree.NewPath{CommitSecret: secret},
		"GroupSecrets": &framing.GroupSecrets{Joiner: secret}, "GroupSecrets value": framing.GroupSecrets{Joiner: secret},
		"Result": &Result{Commit: staged}, "Result of a message": Result{Application: []byte(secret)},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for how, text := range printed(t, v) {
				for _, form := range []string{string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)), strings.Trim(fmt.Sprint([]byte(secret)), "[]"), "61, 0x20"} {
					if strings.Contains(text, form) {
						t.Errorf("%s shows the secret: %s", how, text)
					}
				}
				if !strings.Contains(text, "[hidden]") {
					t.Errorf("%s gives %q, want [hidden]", how, text)
				}
			}
		})
	}
}

// printed is a value as every usual way of printing shows it.
func printed(t *testing.T, v any) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	b, err := json.Marshal(v)
	must(t, err)
	out["JSON"] = string(b)
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("x", "v", v)
	out["slog text"], out["slog JSON"] = text.String(), object.String()
	return out
}

func TestSecretsAreOverwrittenWhenAnEpochEnds(t *testing.T) {
	groups := meeting(t, X25519AES128, 2)
	st := groups[0].now
	kept := []suite.Secret{st.epoch.Exporter, st.epoch.Init, st.epoch.Confirmation, st.epoch.Membership, st.epoch.Authenticator, st.private.Key(0), st.private.Key(1)}
	for i, s := range kept {
		if len(s) == 0 {
			t.Fatalf("secret %d is empty from the start", i)
		}
	}
	commit(t, groups[0], CommitOptions{}, groups[1])
	for i, s := range kept {
		if !bytes.Equal(s, make([]byte, len(s))) {
			t.Errorf("secret %d of the past epoch is still there", i)
		}
	}
	now := groups[0].now.epoch
	groups[0].Wipe()
	if !bytes.Equal(now.Exporter, make([]byte, 32)) || !groups[0].Removed() {
		t.Error("Wipe left something behind")
	}
}
