package ui_test

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"conclave/ui/theme"
	"conclave/ui/uitest"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

// Every scene as Fyne's markup: what lies where, in which words, for reading
// in a review.
func TestScenesAsMarkup(t *testing.T) {
	skipUnderRace(t)
	for _, scene := range uitest.Scenes() {
		t.Run(scene.Name, func(t *testing.T) {
			s, _, _ := open(t, scene, theme.Config{Appearance: theme.Light}, fyne.NewSize(1180, 760), "en")
			got := test.RenderToMarkup(s.Window().Canvas())
			path := filepath.Join("testdata", "markup", scene.Name+".xml")
			if *update {
				keep(t, path, []byte(got))
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != got {
				keep(t, filepath.Join("testdata", "failed", scene.Name+".xml"), []byte(got))
				t.Errorf("differs from %s at line %d; see testdata/failed, or run with -update", path, lineOfDifference(string(want), got))
			}
		})
	}
}

func skipUnderRace(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("one goroutine draws: nothing to race")
	}
}

func lineOfDifference(a, b string) int {
	al, bl := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(al), len(bl)) {
		if al[i] != bl[i] {
			return i + 1
		}
	}
	return min(len(al), len(bl)) + 1
}

// pictured are the scenes that are kept as pictures too, and whether also in
// high contrast.
var pictured = map[string]bool{
	"welcome": false, "home": true, "lobby": false, "connecting": false, "meeting-alone": false, "meeting-9": true, "meeting-people": false,
	"meeting-chat": false, "meeting-transport": false, "meeting-stranger": false, "meeting-share": true, "meeting-sharing": false, "meeting-lively": true, "meeting-crowd": false, "meeting-tools": true, "meeting-person": false, "meeting-react": false,
	"meeting-figures": false, "meeting-muted": false, "meeting-suspended-host": false, "meeting-knock-notices": false, "meeting-fork": true, "facts": true, "code": true, "code-stale": false,
	"settings": false, "ended-pin": false,
	"home-busy": true, "preview-join": true, "preview-missing": false, "preview-passcode": false, "schedule": true, "report": false, "report-saved": false, "recent": false,
	"signin": false, "upgrade-choose": true, "upgrade-outbox": false, "refused": true, "account-email": false, "proofs-people": true,
}

func TestScenesAsPictures(t *testing.T) {
	skipUnderRace(t)
	looks := map[string]theme.Appearance{"light": theme.Light, "dark": theme.Dark, "contrast": theme.HighContrast}
	for _, scene := range uitest.Scenes() {
		for look, appearance := range looks {
			contrast, kept := pictured[scene.Name]
			if !kept || look == "contrast" && !contrast {
				continue
			}
			name := scene.Name + "-" + look + ".png"
			t.Run(name, func(t *testing.T) {
				s, _, _ := open(t, scene, theme.Config{Appearance: appearance}, fyne.NewSize(900, 600), "en")
				comparePicture(t, filepath.Join("testdata", "pictures", name), s.Window().Canvas().Capture())
			})
		}
	}
}

// mostPixels may differ by more than a shade: antialiasing is not the same on
// every processor.
const mostPixels = 900 * 600 / 500

func comparePicture(t *testing.T, path string, got image.Image) {
	t.Helper()
	if *update {
		keep(t, path, encode(t, got))
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(kept))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			r1, g1, b1, _ := want.At(x, y).RGBA()
			r2, g2, b2, _ := got.At(x, y).RGBA()
			if apart(r1, r2) || apart(g1, g2) || apart(b1, b2) {
				n++
			}
		}
	}
	if want.Bounds() != got.Bounds() || n > mostPixels {
		keep(t, filepath.Join("testdata", "failed", filepath.Base(path)), encode(t, got))
		t.Errorf("%d pixels differ from %s; see testdata/failed, or run with -update", n, path)
	}
}

func encode(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func apart(a, b uint32) bool { return max(a, b)-min(a, b) > 0x0c00 }

func keep(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Fyne throws away the renderers of what was hidden for a minute. With a
// minute made a nanosecond, the first picture of a process is drawn by new
// renderers, and must be the same.
func TestScreensSurviveBeingHiddenForLong(t *testing.T) {
	skipUnderRace(t)
	for _, scene := range []string{"home", "settings", "meeting-people", "facts", "code"} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestScenesAsPictures$/^"+scene+"-light.png$", "-test.v")
		cmd.Env = append(os.Environ(), "FYNE_CACHE=1ns")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestScenesAsPictures/"+scene) {
			t.Errorf("%s: %v\n%s", scene, err, out)
		}
	}
}
