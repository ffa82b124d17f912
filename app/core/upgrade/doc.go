// Package upgrade is the course of signing in and of becoming verified, as a
// pure state machine: screens draw a State, people and the service cause Events,
// and Step says what is next and what is to be done (Effects).
//
//	Idle ─► Choose ─► Enter ─► Sending ─► Confirm ─► Checking ─► Issuing ─► Done
//	            ▲       │  ▲       │          │  ▲        │          │
//	            └─Back──┘  └─fail──┘          │  └─wrong──┘          │ fail: Retry
//	                       └──────Back, Resend┘                      ▼
//	                                                     passport comes later
//
// Signing on at an organisation waits in Browser instead of Confirm; a seat and
// a voucher have nothing to confirm. Close ends everything from everywhere.
//
// It is not the registry's client (keys/registry/client), which a driver calls
// to carry out effects. Trust zone: device; a State holds what was typed so that
// the screen keeps it, and prints it as [hidden].
//
// Step is a pure function: no clock, no random source, no input or output. An
// answer that belongs to an effect of the past carries its number and is
// dropped.
package upgrade
