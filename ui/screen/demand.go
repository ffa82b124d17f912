package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Demand is the part of the options of a new meeting in which a host asks more
// of those who come in than policy does. It is hidden where the service keeps
// no accounts. Make it with NewDemand, show it with every snapshot, and put
// what Value returns into StartMeeting or Schedule.
type Demand struct {
	kit          *Kit
	object       *fyne.Container
	verified     *widget.Switch
	organisation *widget.Switch
	domain       *widget.Entry
	fault        *widget.Text
	words        *widget.Text
	own          string
}

// NewDemand returns the part; nothing is demanded.
func NewDemand(k *Kit) *Demand {
	d := &Demand{kit: k, words: small(k.say("demand.words")), fault: faultText()}
	d.verified = widget.NewSwitch(k.say("demand.verified"), func(bool) { d.follow() })
	d.organisation = widget.NewSwitch(k.say("demand.organisation"), func(on bool) {
		d.follow()
		if on {
			k.Focus(d.domain)
		}
	})
	d.domain = k.entry(k.say("demand.hint"))
	d.domain.Limit = 253
	d.domain.OnChanged = func(string) { d.fault.Hide() }
	d.object = widget.Column(theme.SpaceS, label(k.say("demand.label")), d.verified, d.organisation, d.domain, d.fault, d.words)
	d.fault.Hide()
	d.object.Hide()
	d.follow()
	return d
}

// faultText is a sentence beside a field about what is wrong with it.
func faultText() *widget.Text {
	return widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorDanger, Wrap: true})
}

// Object is what is drawn.
func (d *Demand) Object() fyne.CanvasObject { return d.object }

// Show draws a snapshot.
func (d *Demand) Show(p present.Presenter, s core.Snapshot) {
	v := p.Demand(s)
	show(d.object, v.Shown)
	if v.Organisation != d.own {
		if d.domain.Text == d.own {
			d.domain.SetText(v.Organisation)
		}
		d.own = v.Organisation
	}
}

// Set chooses what is demanded.
func (d *Demand) Set(v keys.Demand) {
	d.verified.SetOn(v.Verified)
	d.organisation.SetOn(v.Organisation != "")
	if v.Organisation != "" {
		d.domain.SetText(v.Organisation)
	}
	d.follow()
}

// Value returns what is demanded. It is not ok where an organisation is wanted
// but none named: then the field says so and has the keyboard.
func (d *Demand) Value() (demand keys.Demand, ok bool) {
	if !d.object.Visible() {
		return keys.Demand{}, true
	}
	demand.Verified = d.verified.On()
	if !d.organisation.On() {
		return demand, true
	}
	domain, ok := present.Domain(d.domain.Text)
	if !ok {
		d.fault.Set(d.kit.say("demand.fault"))
		d.fault.Show()
		d.object.Refresh()
		d.kit.Focus(d.domain)
		return keys.Demand{}, false
	}
	d.domain.SetText(domain)
	demand.Organisation = domain
	return demand, true
}

func (d *Demand) follow() {
	if !d.organisation.On() {
		d.fault.Hide()
	}
	show(d.domain, d.organisation.On())
	show(d.words, d.verified.On() || d.organisation.On())
	d.object.Refresh()
}
