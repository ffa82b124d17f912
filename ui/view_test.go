package ui_test

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"conclave/ui"
	"conclave/ui/theme"
	"conclave/ui/uitest"
)

// open shows a scene in a window of Fyne's test driver.
func open(t *testing.T, scene uitest.Scene, look theme.Config, size fyne.Size, language string) (*ui.Shell, *uitest.Core, *uitest.Frames) {
	t.Helper()
	app := test.NewTempApp(t)
	fake, frames, posts := uitest.NewCore(scene.Snapshot), uitest.NewFrames(), &uitest.Posts{}
	s := ui.New(ui.Config{
		App: app, Post: posts.Post, Snapshots: fake, Frames: frames, Send: fake.Send, Language: language,
		Figures: uitest.Numbers, Now: uitest.Noon, Version: "0.1.0", Theme: &look, Size: size,
	})
	t.Cleanup(s.Window().Close)
	for _, action := range scene.Keys {
		s.Do(action)
	}
	settle(s, size)
	return s, fake, frames
}

// settle does what the real driver does before each frame: it lays out anew
// until nothing moves.
func settle(s *ui.Shell, size fyne.Size) {
	for range 3 {
		s.Window().Resize(size)
		s.Window().Content().Refresh()
		relayout(s.Window().Content())
		s.Tick()
	}
}

func relayout(o fyne.CanvasObject) {
	for _, x := range test.LaidOutObjects(o) {
		if c, ok := x.(*fyne.Container); ok && c.Layout != nil {
			c.Layout.Layout(c.Objects, c.Size())
		}
	}
}

// TestLook writes every scene into out/ui for somebody to look at. It runs
// only when CONCLAVE_LOOK names what: "all", or a part of a scene's name.
func TestLook(t *testing.T) {
	want := os.Getenv("CONCLAVE_LOOK")
	if want == "" {
		t.Skip("set CONCLAVE_LOOK=all to write out/ui/*.png")
	}
	looks := map[string]theme.Config{"light": {Appearance: theme.Light}, "dark": {Appearance: theme.Dark}, "contrast": {Appearance: theme.HighContrast}, "large": {Appearance: theme.Light, Scale: 2}}
	sizes := map[string]fyne.Size{"900": {Width: 900, Height: 600}, "1920": {Width: 1920, Height: 1080}, "1180": {Width: 1180, Height: 760}}
	language := os.Getenv("CONCLAVE_LANGUAGE")
	for _, scene := range uitest.Scenes() {
		for look, config := range looks {
			for size, area := range sizes {
				name := scene.Name + "-" + look + "-" + size
				if ok, _ := filepath.Match(want, name); !ok && want != "all" {
					continue
				}
				t.Run(name, func(t *testing.T) {
					s, _, _ := open(t, scene, config, area, language)
					write(t, filepath.Join("..", "out", "ui", language+name+".png"), s)
				})
			}
		}
	}
}

func write(t *testing.T, path string, s *ui.Shell) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, s.Window().Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
}
