// Package policy decides who may do what, from data.
//
// A policy is one JSON file: for each class of verification and each action
// exactly one rule, with a sentence of reason. There is one evaluator,
// Policy.Decide, and the service, the app and the command line all use it, so
// that the answer to "why not" is the same everywhere and always says what
// would unlock it. The file is signed as a note (golang.org/x/mod/sumdb/note) by
// the service's policy key, and its hash goes into the meeting descriptor
// together with what the host demands on top (Terms), so that it cannot be
// exchanged afterwards.
//
// It is not the verification of people (keys/registry), and not the check of
// their passports (keys.Roots, keys/tlog): it believes the Subject it is given.
//
// Trust zone: none. The package holds no secret, reads no clock, starts no
// goroutine and does no input or output except to writers that it is handed.
// Values are immutable and safe for concurrent use.
//
// What may change: a new action or class is a new format number; within
// format 1 an unknown field, action or class is an error, never ignored.
package policy
