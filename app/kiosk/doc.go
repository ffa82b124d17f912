// Package kiosk keeps a room's machine in its meetings: a supervisor that starts
// the screen, wipes it by ending its process, and starts it again.
//
//	supervisor ── seed, orders ──► screen (the window, core.Room, devices)
//	     ▲   └──────── reports ◄──┘
//	     └ policy, lock, status file, log: nothing of people or meetings' keys
//
// # What wiping means
//
// Go moves and copies memory, and so do Fyne, the C libraries and the graphics
// driver: no program of this kind can promise that a name or a key is gone while it
// runs. So each meeting has a process of its own, with a folder of its own in
// memory for everything that libraries like to keep, and no core file. When the
// meeting is over, or nobody is there, the process ends; the system takes its memory,
// and the supervisor removes the folder. The supervisor itself is never told a name, a
// line of chat or a key of a meeting. It holds the seed of a fresh identity for as long
// as the meeting lasts, in one piece of memory that it overwrites, so that a screen
// that crashed comes back as the same device.
//
// It is not a fence around the desktop: which keys the system itself listens to is
// the session's part, see app/ADMIN.md.
//
// Trust zone: device.
package kiosk
