package ui_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/uitest"
	"conclave/ui/widget"
)

// Nothing that we say may be cut off in any language at the smallest window.
// Only a person's name may be, and what is in the tiles' corners.
func TestWordsFitInEveryLanguage(t *testing.T) {
	skipUnderRace(t)
	sizes := []struct {
		scale float32
		size  fyne.Size
	}{{1, fyne.NewSize(900, 600)}, {2, fyne.NewSize(1800, 1100)}}
	for _, l := range text.Languages() {
		for _, size := range sizes {
			if size.scale > 1 && l.Tag != "de" { // the longest is enough
				continue
			}
			for _, scene := range uitest.Scenes() {
				t.Run(l.Tag+"/"+scene.Name, func(t *testing.T) {
					s, _, _ := open(t, scene, theme.Config{Appearance: theme.Light, Scale: size.scale}, size.size, l.Tag)
					walk(s.Window().Content(), func(o fyne.CanvasObject) {
						words, cut := cutOff(o)
						if cut && !personal(scene, words) {
							t.Errorf("%s at %v: %s cuts off %q at width %.0f", l.Tag, size.size, scene.Name, words, o.Size().Width)
						}
					})
				})
			}
		}
	}
}

func cutOff(o fyne.CanvasObject) (words string, cut bool) {
	const slack = 0.6
	if o.Size().Width == 0 { // left out of a crowded row
		return "", false
	}
	switch o := o.(type) {
	case *widget.Text:
		return o.Words(), o.CutOff()
	case *widget.Button:
		return o.Label(), o.Size().Width+slack < o.MinSize().Width
	case *widget.Pill:
		return o.Words(), o.Size().Width+slack < o.MinSize().Width
	}
	return "", false
}

func personal(scene uitest.Scene, words string) bool {
	if words == uitest.LongDevice {
		return true
	}
	if m := scene.Snapshot.Meeting; m != nil {
		for _, p := range m.People {
			if p.Name != "" && strings.Contains(words, p.Name) || p.Issuer != "" && strings.Contains(words, p.Issuer) {
				return true
			}
		}
		for _, k := range m.Lobby {
			if words == k.Name || k.Issuer != "" && strings.Contains(words, k.Issuer) {
				return true
			}
		}
	}
	return false
}
