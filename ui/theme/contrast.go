package theme

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
)

// Pair is a text colour on a background colour that some screen shows.
type Pair struct{ Text, On fyne.ThemeColorName }

// Pairs lists every pair of text and background in use.
func Pairs() []Pair {
	return []Pair{
		{ColorText, ColorBackground},
		{ColorText, ColorSurface},
		{ColorText, ColorRaised},
		{ColorText, "inputBackground"},
		{ColorMuted, ColorBackground},
		{ColorMuted, ColorSurface},
		{ColorMuted, ColorRaised},
		{ColorMuted, "inputBackground"},
		{ColorText, "selection"},
		{ColorOnPrimary, ColorPrimary},
		{ColorOnPrimarySoft, ColorPrimarySoft},
		{ColorOnTile, ColorTile},
		{ColorOnTileMuted, ColorTile},
		{ColorOnTile, ColorPlate},
		{ColorOnTileMuted, ColorPlate},
		{ColorOK, ColorOKSoft},
		{ColorOK, ColorSurface},
		{ColorOK, ColorBackground},
		{ColorCaution, ColorCautionSoft},
		{ColorCaution, ColorSurface},
		{ColorCaution, ColorBackground},
		{ColorDanger, ColorDangerSoft},
		{ColorDanger, ColorSurface},
		{ColorDanger, ColorBackground},
		{ColorInfo, ColorInfoSoft},
		{ColorInfo, ColorSurface},
		{ColorInfo, ColorBackground},
		{ColorText, ColorOKSoft},
		{ColorText, ColorCautionSoft},
		{ColorText, ColorDangerSoft},
		{ColorText, ColorInfoSoft},
		{ColorText, ColorPrimarySoft},
		{ColorOnDangerSolid, ColorDangerSolid},
		{ColorOnOKSolid, ColorOKSolid},
	}
}

// Contrast is the contrast ratio of two opaque colours, from 1 to 21, as WCAG
// 2.2 defines it (section "relative luminance").
func Contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func linear(v uint32) float64 {
	s := float64(v) / 0xffff
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}
