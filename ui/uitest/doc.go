// Package uitest is for tests of the window: people, meetings and snapshots
// to draw, a fake core that takes intents, a clock that stands still, pictures
// that move when told. It talks to nothing real.
package uitest
