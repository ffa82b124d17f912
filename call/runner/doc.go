// Package runner carries out the effects of one meeting (package call) and
// feeds the outcomes back as events. It owns the link, the group's keys, the
// frame keys, the media session and the timers of that meeting, all from one
// goroutine.
//
// It decides nothing about the meeting: Step does. Trust zone: device; it
// handles key material, which leaves it only into keys/group and call/frame.
package runner
