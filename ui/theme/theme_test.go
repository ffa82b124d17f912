package theme_test

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	base "fyne.io/fyne/v2/theme"

	"conclave/assets"
	"conclave/ui/theme"
)

var appearances = map[string]theme.Appearance{"light": theme.Light, "dark": theme.Dark, "high contrast": theme.HighContrast}

func TestEveryTextHasEnoughContrast(t *testing.T) {
	for name, a := range appearances {
		th := theme.New(theme.Config{Appearance: a})
		for _, p := range theme.Pairs() {
			on := opaque(th.Color(p.On, 0), th.Color(theme.ColorTile, 0))
			if got := theme.Contrast(th.Color(p.Text, 0), on); got < 4.5 {
				t.Errorf("%s: %s on %s has contrast %.2f, want 4.5 or more", name, p.Text, p.On, got)
			}
		}
	}
}

// A name plate lies on pictures of any colour: text on it must hold on white,
// the worst of them.
func TestNamePlateHoldsOnAWhitePicture(t *testing.T) {
	for name, a := range appearances {
		th := theme.New(theme.Config{Appearance: a})
		on := opaque(th.Color(theme.ColorPlate, 0), color.White)
		if got := theme.Contrast(th.Color(theme.ColorOnTile, 0), on); got < 4.5 {
			t.Errorf("%s: name plate on white has contrast %.2f", name, got)
		}
	}
}

func opaque(c, under color.Color) color.Color {
	f, u := color.NRGBAModel.Convert(c).(color.NRGBA), color.NRGBAModel.Convert(under).(color.NRGBA)
	mix := func(a, b uint8) uint8 { return uint8((int(a)*int(f.A) + int(b)*(255-int(f.A))) / 255) }
	return color.NRGBA{mix(f.R, u.R), mix(f.G, u.G), mix(f.B, u.B), 0xff}
}

func TestContrastOfBlackOnWhiteIs21(t *testing.T) {
	if got := theme.Contrast(color.Black, color.White); got < 20.99 || got > 21.01 {
		t.Errorf("got %.3f, want 21", got)
	}
}

func TestAllColorNamesAreDefined(t *testing.T) {
	test.NewTempApp(t)
	for name, a := range appearances {
		test.AssertAllColorNamesDefined(t, theme.New(theme.Config{Appearance: a}), name)
	}
}

func TestEveryIconIsDrawn(t *testing.T) {
	for _, name := range assets.IconNames() {
		if theme.Icon(name).Resource(color.White, 24) == nil {
			t.Errorf("icon %q has no drawing", name)
		}
	}
	if theme.IconNone.Resource(color.White, 24) != nil {
		t.Error("no icon must draw nothing")
	}
}

func TestTextScaleGrowsTextMoreThanSpace(t *testing.T) {
	one, two := theme.New(theme.Config{}), theme.New(theme.Config{Scale: 2})
	if got := two.Size(base.SizeNameText) / one.Size(base.SizeNameText); got != 2 {
		t.Errorf("text grew by %v, want 2", got)
	}
	if got := two.Size(theme.SpaceM) / one.Size(theme.SpaceM); got != 1.5 {
		t.Errorf("space grew by %v, want 1.5", got)
	}
}

func TestSystemFollowsTheVariant(t *testing.T) {
	th := theme.New(theme.Config{})
	if th.Color(theme.ColorBackground, base.VariantLight) == th.Color(theme.ColorBackground, base.VariantDark) {
		t.Error("light and dark have the same background")
	}
}

func TestFontsAreLoaded(t *testing.T) {
	th := theme.New(theme.Config{})
	seen := map[string]bool{}
	for _, s := range []fyne.TextStyle{{}, {Bold: true}, {Monospace: true}, {Monospace: true, Bold: true}} {
		f := th.Font(s)
		if len(f.Content()) < 50_000 || seen[f.Name()] {
			t.Errorf("style %+v has font %s of %d bytes", s, f.Name(), len(f.Content()))
		}
		seen[f.Name()] = true
	}
}
