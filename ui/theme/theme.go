// Package theme is how Conclave looks: its colours in light, dark and high
// contrast, its type scale and spacing, its fonts and icons. It knows nothing
// of meetings. Every pair of text and background that the program uses is
// listed in Pairs, and a test holds each to a contrast of 4.5 or more.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	base "fyne.io/fyne/v2/theme"

	"conclave/assets"
)

// Appearance chooses a palette.
type Appearance uint8

// The appearances. System follows the desktop's light or dark.
const (
	System Appearance = iota
	Light
	Dark
	HighContrast
)

// The colour names that are Conclave's own, beside Fyne's.
const (
	ColorSurface       fyne.ThemeColorName = "conclave.surface"
	ColorRaised        fyne.ThemeColorName = "conclave.raised"
	ColorBorder        fyne.ThemeColorName = "conclave.border"
	ColorMuted         fyne.ThemeColorName = "conclave.muted"
	ColorPrimarySoft   fyne.ThemeColorName = "conclave.primarySoft"
	ColorOnPrimarySoft fyne.ThemeColorName = "conclave.onPrimarySoft"
	ColorTile          fyne.ThemeColorName = "conclave.tile"
	ColorOnTile        fyne.ThemeColorName = "conclave.onTile"
	ColorOnTileMuted   fyne.ThemeColorName = "conclave.onTileMuted"
	ColorPlate         fyne.ThemeColorName = "conclave.plate"
	ColorOK            fyne.ThemeColorName = "conclave.ok"
	ColorOKSoft        fyne.ThemeColorName = "conclave.okSoft"
	ColorCaution       fyne.ThemeColorName = "conclave.caution"
	ColorCautionSoft   fyne.ThemeColorName = "conclave.cautionSoft"
	ColorDanger        fyne.ThemeColorName = "conclave.danger"
	ColorDangerSoft    fyne.ThemeColorName = "conclave.dangerSoft"
	ColorInfo          fyne.ThemeColorName = "conclave.info"
	ColorInfoSoft      fyne.ThemeColorName = "conclave.infoSoft"
	ColorDangerSolid   fyne.ThemeColorName = "conclave.dangerSolid"
	ColorOnDangerSolid fyne.ThemeColorName = "conclave.onDangerSolid"
	ColorOKSolid       fyne.ThemeColorName = "conclave.okSolid"
	ColorOnOKSolid     fyne.ThemeColorName = "conclave.onOKSolid"
	ColorSpeaking      fyne.ThemeColorName = "conclave.speaking"
	ColorScrim         fyne.ThemeColorName = "conclave.scrim"
	ColorNone          fyne.ThemeColorName = "conclave.none"
)

// The colour names that Conclave shares with Fyne.
const (
	ColorBackground = base.ColorNameBackground
	ColorText       = base.ColorNameForeground
	ColorDisabled   = base.ColorNameDisabled
	ColorPrimary    = base.ColorNamePrimary
	ColorOnPrimary  = base.ColorNameForegroundOnPrimary
	ColorHover      = base.ColorNameHover
	ColorPressed    = base.ColorNamePressed
	ColorFocus      = base.ColorNameFocus
	ColorShadow     = base.ColorNameShadow
)

// The size names that are Conclave's own: type beyond Fyne's four, and the
// spacing scale (all of it grows with the text).
const (
	SizeDisplay fyne.ThemeSizeName = "conclave.display" // one large title a screen
	SizeTitle   fyne.ThemeSizeName = "conclave.title"
	SizeLead    fyne.ThemeSizeName = "conclave.lead" // a sentence above others
	SizeBody                       = base.SizeNameText
	SizeSmall   fyne.ThemeSizeName = "conclave.small"
	SizeTiny    fyne.ThemeSizeName = "conclave.tiny"
	SizeCode    fyne.ThemeSizeName = "conclave.code" // the security code

	SpaceXS fyne.ThemeSizeName = "conclave.space.xs"
	SpaceS  fyne.ThemeSizeName = "conclave.space.s"
	SpaceM  fyne.ThemeSizeName = "conclave.space.m"
	SpaceL  fyne.ThemeSizeName = "conclave.space.l"
	SpaceXL fyne.ThemeSizeName = "conclave.space.xl"
	SpaceNo fyne.ThemeSizeName = "conclave.space.none"
)

// Theme implements fyne.Theme. It is a value that never changes: another
// appearance is another Theme.
type Theme struct {
	appearance           Appearance
	scale                float32
	light, dark, chosen  map[fyne.ThemeColorName]color.Color
	regular, bold        fyne.Resource
	monoRegular, monoDim fyne.Resource
}

// Config chooses the look.
type Config struct {
	Appearance Appearance
	Scale      float32 // of text and the space around it; 1 when 0, held to 0.8 to 2
}

// New returns the theme of a configuration.
func New(c Config) *Theme {
	if c.Scale == 0 {
		c.Scale = 1
	}
	t := &Theme{
		appearance: c.Appearance, scale: min(max(c.Scale, 0.8), 2),
		light: names(lightPalette()), dark: names(darkPalette()),
		regular:     fyne.NewStaticResource("Inter-Regular.otf", assets.FontRegular),
		bold:        fyne.NewStaticResource("Inter-SemiBold.otf", assets.FontBold),
		monoRegular: fyne.NewStaticResource("JetBrainsMono-Regular.ttf", assets.FontMono),
		monoDim:     fyne.NewStaticResource("JetBrainsMono-SemiBold.ttf", assets.FontMonoBold),
	}
	switch c.Appearance {
	case System:
	case Light:
		t.chosen = t.light
	case Dark:
		t.chosen = t.dark
	case HighContrast:
		t.chosen = names(contrastPalette())
	}
	return t
}

// Color returns a colour by name; the variant counts only with System.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	set := t.chosen
	if set == nil {
		set = t.dark
		if variant == base.VariantLight {
			set = t.light
		}
	}
	if c, ok := set[name]; ok {
		return c
	}
	return base.DefaultTheme().Color(name, variant)
}

// Font returns Inter, or JetBrains Mono for monospaced text.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource {
	switch {
	case s.Symbol:
		return base.DefaultTheme().Font(s)
	case s.Monospace && s.Bold:
		return t.monoDim
	case s.Monospace:
		return t.monoRegular
	case s.Bold:
		return t.bold
	}
	return t.regular
}

// Icon returns Fyne's own icons, which only Fyne's own widgets use.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return base.DefaultTheme().Icon(name) }

// Size returns a size by name.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if v, ok := textSize(name); ok {
		return v * t.scale
	}
	if v, ok := space(name); ok {
		return v * (1 + (t.scale-1)/2)
	}
	switch name {
	case base.SizeNameInputRadius, base.SizeNameButtonRadius, base.SizeNameSelectionRadius:
		return 9
	case base.SizeNamePopupRadius, base.SizeNameMenuRadius, base.SizeNameCardRadius, base.SizeNameDialogRadius:
		return 14
	case base.SizeNameScrollBar:
		return 9
	case base.SizeNameScrollBarSmall:
		return 4
	}
	return base.DefaultTheme().Size(name)
}

func textSize(name fyne.ThemeSizeName) (float32, bool) {
	switch name {
	case SizeDisplay:
		return 30, true
	case SizeTitle:
		return 20, true
	case SizeLead:
		return 16, true
	case base.SizeNameText:
		return 14, true
	case SizeSmall, base.SizeNameCaptionText:
		return 12.5, true
	case SizeTiny:
		return 11.5, true
	case SizeCode:
		return 44, true
	case base.SizeNameHeadingText:
		return 24, true
	case base.SizeNameSubHeadingText:
		return 17, true
	case base.SizeNameInlineIcon:
		return 18, true
	}
	return 0, false
}

func space(name fyne.ThemeSizeName) (float32, bool) {
	switch name {
	case SpaceNo:
		return 0, true
	case SpaceXS:
		return 4, true
	case SpaceS:
		return 8, true
	case SpaceM:
		return 14, true
	case SpaceL:
		return 22, true
	case SpaceXL:
		return 36, true
	case base.SizeNamePadding:
		return 4, true
	case base.SizeNameInnerPadding:
		return 9, true
	}
	return 0, false
}

func names(p palette) map[fyne.ThemeColorName]color.Color {
	none := color.NRGBA{}
	return map[fyne.ThemeColorName]color.Color{
		base.ColorNameBackground: p.background, base.ColorNameForeground: p.text,
		base.ColorNameButton: p.raised, base.ColorNameDisabledButton: p.raised, base.ColorNameDisabled: p.disabled,
		base.ColorNameError: p.danger, base.ColorNameSuccess: p.ok, base.ColorNameWarning: p.caution,
		base.ColorNameForegroundOnError: p.background, base.ColorNameForegroundOnSuccess: p.background, base.ColorNameForegroundOnWarning: p.background,
		base.ColorNameForegroundOnPrimary: p.onPrimary, base.ColorNamePrimary: p.primary, base.ColorNameFocus: p.focus,
		base.ColorNameHover: p.hover, base.ColorNamePressed: p.pressed, base.ColorNameHyperlink: p.info,
		base.ColorNameInputBackground: p.input, base.ColorNameInputBorder: p.border,
		base.ColorNameMenuBackground: p.surface, base.ColorNameOverlayBackground: p.surface, base.ColorNameHeaderBackground: p.surface,
		base.ColorNamePlaceHolder: p.muted, base.ColorNameScrollBar: p.muted, base.ColorNameScrollBarBackground: none,
		base.ColorNameSelection: p.primarySoft, base.ColorNameSeparator: p.border, base.ColorNameShadow: p.shadow,
		base.ColorNameInnerWindowBorder: p.border, base.ColorNameInnerWindowBorderInactive: p.border,
		ColorSurface: p.surface, ColorRaised: p.raised, ColorBorder: p.border, ColorMuted: p.muted,
		ColorPrimarySoft: p.primarySoft, ColorOnPrimarySoft: p.onSoft,
		ColorTile: p.tile, ColorOnTile: p.onTile, ColorOnTileMuted: p.onTileMuted, ColorPlate: p.plate,
		ColorOK: p.ok, ColorOKSoft: p.okSoft, ColorCaution: p.caution, ColorCautionSoft: p.cautionSoft,
		ColorDanger: p.danger, ColorDangerSoft: p.dangerSoft, ColorInfo: p.info, ColorInfoSoft: p.infoSoft,
		ColorDangerSolid: p.dangerSolid, ColorOnDangerSolid: p.onDangerSolid, ColorOKSolid: p.okSolid, ColorOnOKSolid: p.onOKSolid,
		ColorSpeaking: p.speaking, ColorScrim: p.scrim, ColorNone: none,
	}
}
