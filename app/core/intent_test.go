package core_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"conclave/app/core"
)

func TestPasscodesAreNeverPrinted(t *testing.T) {
	const secret = "open sesame"
	for _, i := range []core.Intent{
		core.StartMeeting{Passcode: secret},
		core.JoinMeeting{Link: "https://x/m/y", Passcode: secret},
		core.Schedule{Title: secret, Passcode: secret},
		core.SendReport{Words: secret},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&out, verb+"\n", i)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("intent", "intent", i)
		slog.New(slog.NewTextHandler(&out, nil)).Info("intent", "intent", i)
		data, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
		if strings.Contains(out.String(), secret) {
			t.Errorf("%T prints its passcode", i)
		}
		if n := strings.Count(out.String(), "[hidden]"); n != 8 {
			t.Errorf("%T: %d times [hidden], want 8", i, n)
		}
	}
}
