package present

// The screens around home. Preview is asked for by the core's state; the
// others are opened by the person and lie over the present one.
const (
	Preview Screen = iota + 40
	Schedule
	Acquaintances // everybody met before
	Report
	Licences
)

// roomTitles are the keys of their titles.
var roomTitles = map[Screen]string{
	Preview: "title.preview", Schedule: "title.schedule", Acquaintances: "title.recent",
	Report: "title.report", Licences: "title.licences",
}
