package theme

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"

	"conclave/assets"
)

// lineWidth is the width of an icon's lines on its grid of 24.
const lineWidth = 2.0

// Icon is one of the drawings in assets, by name.
type Icon string

// The icons. TestEveryIconIsDrawn holds this list and assets to each other.
const (
	IconNone          Icon = ""
	IconAppearance    Icon = "appearance"
	IconBack          Icon = "back"
	IconBuilding      Icon = "building"
	IconCamera        Icon = "camera"
	IconCameraOff     Icon = "camera-off"
	IconChart         Icon = "chart"
	IconChat          Icon = "chat"
	IconCheck         Icon = "check"
	IconChevronDown   Icon = "chevron-down"
	IconChevronRight  Icon = "chevron-right"
	IconClock         Icon = "clock"
	IconClose         Icon = "close"
	IconComputer      Icon = "computer"
	IconCopy          Icon = "copy"
	IconDoor          Icon = "door"
	IconEnd           Icon = "end"
	IconEye           Icon = "eye"
	IconGlobe         Icon = "globe"
	IconGrid          Icon = "grid"
	IconHand          Icon = "hand"
	IconInfo          Icon = "info"
	IconKey           Icon = "key"
	IconKeyboard      Icon = "keyboard"
	IconLeave         Icon = "leave"
	IconLink          Icon = "link"
	IconLock          Icon = "lock"
	IconMail          Icon = "mail"
	IconMic           Icon = "mic"
	IconMicOff        Icon = "mic-off"
	IconMirror        Icon = "mirror"
	IconMore          Icon = "more"
	IconPause         Icon = "pause"
	IconPeople        Icon = "people"
	IconPerson        Icon = "person"
	IconPersonRemove  Icon = "person-remove"
	IconPhone         Icon = "phone"
	IconPin           Icon = "pin"
	IconPlus          Icon = "plus"
	IconQR            Icon = "qr"
	IconQuestion      Icon = "question"
	IconReactClap     Icon = "react-clap"
	IconReactHeart    Icon = "react-heart"
	IconReactLaugh    Icon = "react-laugh"
	IconReactParty    Icon = "react-party"
	IconReactSurprise Icon = "react-surprise"
	IconReactThumb    Icon = "react-thumb"
	IconRefresh       Icon = "refresh"
	IconSeat          Icon = "seat"
	IconSend          Icon = "send"
	IconSettings      Icon = "settings"
	IconShare         Icon = "share"
	IconShield        Icon = "shield"
	IconShieldAlert   Icon = "shield-alert"
	IconShieldCheck   Icon = "shield-check"
	IconShieldLock    Icon = "shield-lock"
	IconShieldOff     Icon = "shield-off"
	IconSignal1       Icon = "signal-1"
	IconSignal2       Icon = "signal-2"
	IconSignal3       Icon = "signal-3"
	IconSignal4       Icon = "signal-4"
	IconSignalWeak    Icon = "signal-weak"
	IconSmile         Icon = "smile"
	IconSpeakerView   Icon = "speaker-view"
	IconStar          Icon = "star"
	IconTicket        Icon = "ticket"
	IconUnlock        Icon = "unlock"
	IconVideoPlus     Icon = "video-plus"
	IconVolume        Icon = "volume"
	IconWarning       Icon = "warning"
)

// Resource returns the icon drawn in a colour for a side length in pixels, or
// nil for IconNone. The length matters because Fyne's SVG painter does not
// scale the width of lines with the drawing.
func (i Icon) Resource(c color.Color, pixels float32) fyne.Resource {
	src := assets.SVG(string(i))
	if src == nil {
		return nil
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	hex := fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
	line := fmt.Sprintf("%.1f", lineWidth*pixels/24)
	src = bytes.ReplaceAll(src, []byte("currentColor"), []byte(hex))
	src = bytes.ReplaceAll(src, []byte(`stroke-width="2"`), []byte(`stroke-width="`+line+`"`))
	return fyne.NewStaticResource(string(i)+hex[1:]+"-"+line+".svg", src)
}

// Logo returns the logo without a background.
func Logo() fyne.Resource { return fyne.NewStaticResource("conclave-logo.svg", assets.Logo) }

// AppIcon returns the program's icon.
func AppIcon() fyne.Resource { return fyne.NewStaticResource("conclave-icon.svg", assets.Icon) }

// Corner returns what is left outside a rounded corner, in a colour: 0 is at
// the top left, 1 at the top right, 2 at the bottom left, 3 at the bottom
// right.
func Corner(i int, c color.Color) fyne.Resource {
	paths := [...]string{
		"M0 0 L14 0 C6.27 0 0 6.27 0 14 Z", "M14 0 L0 0 C7.73 0 14 6.27 14 14 Z",
		"M0 14 L14 14 C6.27 14 0 7.73 0 0 Z", "M14 14 L0 14 C7.73 14 14 7.73 14 0 Z",
	}
	return cornerPiece("corner", i, paths[i], c)
}

// Arc returns a quarter of a ring, 3.5 of 14 broad, in a colour; i is as for
// Corner.
func Arc(i int, c color.Color) fyne.Resource {
	paths := [...]string{
		"M0 14 C0 6.27 6.27 0 14 0 L14 3.5 C8.2 3.5 3.5 8.2 3.5 14 Z",
		"M14 14 C14 6.27 7.73 0 0 0 L0 3.5 C5.8 3.5 10.5 8.2 10.5 14 Z",
		"M0 0 C0 7.73 6.27 14 14 14 L14 10.5 C8.2 10.5 3.5 5.8 3.5 0 Z",
		"M14 0 C14 7.73 7.73 14 0 14 L0 10.5 C5.8 10.5 10.5 5.8 10.5 0 Z",
	}
	return cornerPiece("arc", i, paths[i], c)
}

func cornerPiece(name string, i int, path string, c color.Color) fyne.Resource {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	hex := fmt.Sprintf("%02x%02x%02x", n.R, n.G, n.B)
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 14 14"><path fill="#` + hex + `" d="` + path + `"/></svg>`
	return fyne.NewStaticResource(fmt.Sprintf("%s%d-%s.svg", name, i, hex), []byte(svg))
}
