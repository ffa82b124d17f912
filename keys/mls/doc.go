// Package mls is Messaging Layer Security, RFC 9420, as far as meetings need it:
// how a group of people agree on keys that change whenever somebody comes or goes.
// It is pure Go on the standard library (the ChaCha20-Poly1305 of suite 3 comes from
// golang.org/x/crypto), and knows nothing of meetings, networks or screens. It runs on a member's device and holds that member's secrets.
//
// # What to use
//
// A client has a Config. It makes a KeyPackage and is added by a member's Commit,
// whose Welcome it gives to Join; or it takes a GroupInfo and enters by
// JoinExternal. From then on the Group takes every message of the delivery service,
// in the order in which the service gives them to all, through Handle, and gives out
// messages through Protect, Propose… and Commit.
//
//	              Commit                    Handle(its echo)
//	epoch n ─────────────────► pending ─────────────────────────► epoch n+1
//	   │  ▲                      │  │                                 ▲
//	   │  └──────── Discard ─────┘  │ Handle(another's commit)        │
//	   │                            └─────────────────────────────────┤
//	   └───────── Handle, or Process and Merge ───────────────────────┘
//
// An own commit is applied when its echo comes back and not before, so that two
// members who commit at once end up in the same epoch.
//
// # What must be kept
//
// The signing key stays with the caller. Everything else is in the Group; Seal gives
// it out encrypted. A state must not be used again after a later one has been: that
// would use keys twice.
//
// # What is not here
//
// ReInit and branches, X448, and the P-384 and P-521 suites. They are decoded where
// the wire has them, and refused by name. Resumption keys are mixed in when a commit
// asks for one of the last three epochs of the same group, and never proposed.
//
// # Errors
//
// Whatever is wrong with an input is a *RuleError that names the section of the RFC
// it broke, or one of this package's own errors, on which callers branch: a message
// of another epoch, say, breaks no rule. A method that fails has changed nothing.
package mls
