package screen

import (
	"fyne.io/fyne/v2"

	"conclave/ui/theme"
	"conclave/ui/widget"
)

// shortestPassphrase is the fewest characters of a new passphrase. Argon2id
// makes each guess cost a second; ten characters keep a thief busy for long
// enough, and more would be written on a note.
const shortestPassphrase = 10

// PassphraseView says what the passphrase is asked for.
type PassphraseView struct {
	Exists, Wrong, Memory bool
	Answer                func([]byte)
	Skip                  func()
}

// Passphrase asks for the passphrase of the sealed file.
type Passphrase struct {
	object fyne.CanvasObject
	field  *widget.Entry
	again  *widget.Entry // nil when a file is there already
	fault  *widget.Text
	kit    *Kit
	view   PassphraseView
}

// NewPassphrase returns the screen.
func NewPassphrase(k *Kit, v PassphraseView) *Passphrase {
	p := &Passphrase{kit: k, view: v, fault: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorDanger, Wrap: true})}
	p.field = secret(k, "passphrase.field", p.submit)
	title, words, action := "passphrase.make.title", "passphrase.make.words", "passphrase.make.go"
	rows := []fyne.CanvasObject{p.field}
	if v.Exists {
		title, words, action = "passphrase.open.title", "passphrase.open.words", "passphrase.open.go"
	} else {
		p.again = secret(k, "passphrase.again", p.submit)
		rows = append(rows, p.again)
	}
	if v.Wrong {
		p.fault.Set(k.say("passphrase.wrong"))
	}
	rows = append(rows, p.fault, k.button(widget.ButtonConfig{Label: k.say(action), Kind: widget.Primary, Large: true, Tapped: p.submit}))
	if v.Memory {
		rows = append(rows, k.button(widget.ButtonConfig{Label: k.say("passphrase.memory"), Kind: widget.Quiet, Tapped: v.Skip}))
	}
	logo := widget.Place(widget.Row(theme.SpaceNo, widget.NewPicture(theme.Logo(), 56)), widget.Center, widget.Center)
	head := []fyne.CanvasObject{
		logo, centred(k.say(title), theme.SizeTitle, theme.ColorText, true),
		centred(k.say(words), theme.SizeBody, theme.ColorMuted, false),
	}
	form := widget.Card(theme.SpaceL, widget.Column(theme.SpaceM, append(head, rows...)...))
	p.object = widget.Scroll(widget.Middle(480, widget.Pad(theme.SpaceM, form)))
	return p
}

func secret(k *Kit, placeholder string, submit func()) *widget.Entry {
	e := k.entry(k.say(placeholder))
	e.Password = true
	e.OnSubmitted = func(string) { submit() }
	return e
}

// Object is what the window shows.
func (p *Passphrase) Object() fyne.CanvasObject { return p.object }

// Field is where typing begins.
func (p *Passphrase) Field() fyne.Focusable { return p.field }

func (p *Passphrase) submit() {
	typed := p.field.Text
	switch {
	case typed == "":
		return
	case p.again == nil:
	case len([]rune(typed)) < shortestPassphrase:
		p.fault.Set(p.kit.say("passphrase.short"))
		return
	case p.again.Text == "":
		p.kit.Focus(p.again)
		return
	case p.again.Text != typed:
		p.fault.Set(p.kit.say("passphrase.different"))
		return
	}
	p.view.Answer([]byte(typed))
}
