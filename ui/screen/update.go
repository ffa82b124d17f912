package screen

import (
	"fyne.io/fyne/v2"

	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// updateBar tells of a newer version, and where it is to be had.
type updateBar struct {
	object *fyne.Container
	banner *banner
	page   string
}

func newUpdateBar(k *Kit) *updateBar {
	u := &updateBar{banner: newBanner()}
	copyPage := k.button(widget.ButtonConfig{Label: k.say("update.copy"), Icon: theme.IconCopy, Tapped: func() { k.Copy(u.page) }})
	u.object = widget.Grow(widget.Row(theme.SpaceM, u.banner.object, copyPage), u.banner.object)
	u.object.Hide()
	return u
}

func (u *updateBar) set(v *present.Banner, page string) {
	u.page = page
	show(u.object, v != nil)
	u.banner.set(v)
}
