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
	IconNone         Icon = ""
	IconAppearance   Icon = "appearance"
	IconBack         Icon = "back"
	IconCamera       Icon = "camera"
	IconCameraOff    Icon = "camera-off"
	IconChat         Icon = "chat"
	IconCheck        Icon = "check"
	IconChevronDown  Icon = "chevron-down"
	IconChevronRight Icon = "chevron-right"
	IconClock        Icon = "clock"
	IconClose        Icon = "close"
	IconComputer     Icon = "computer"
	IconCopy         Icon = "copy"
	IconDoor         Icon = "door"
	IconEnd          Icon = "end"
	IconEye          Icon = "eye"
	IconGlobe        Icon = "globe"
	IconGrid         Icon = "grid"
	IconHand         Icon = "hand"
	IconInfo         Icon = "info"
	IconKey          Icon = "key"
	IconKeyboard     Icon = "keyboard"
	IconLeave        Icon = "leave"
	IconLink         Icon = "link"
	IconLock         Icon = "lock"
	IconMic          Icon = "mic"
	IconMicOff       Icon = "mic-off"
	IconMore         Icon = "more"
	IconPeople       Icon = "people"
	IconPerson       Icon = "person"
	IconPersonRemove Icon = "person-remove"
	IconPin          Icon = "pin"
	IconPlus         Icon = "plus"
	IconQR           Icon = "qr"
	IconQuestion     Icon = "question"
	IconRefresh      Icon = "refresh"
	IconSend         Icon = "send"
	IconSettings     Icon = "settings"
	IconShare        Icon = "share"
	IconShield       Icon = "shield"
	IconShieldAlert  Icon = "shield-alert"
	IconShieldCheck  Icon = "shield-check"
	IconShieldLock   Icon = "shield-lock"
	IconShieldOff    Icon = "shield-off"
	IconSignalWeak   Icon = "signal-weak"
	IconSpeakerView  Icon = "speaker-view"
	IconStar         Icon = "star"
	IconUnlock       Icon = "unlock"
	IconVideoPlus    Icon = "video-plus"
	IconVolume       Icon = "volume"
	IconWarning      Icon = "warning"
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
