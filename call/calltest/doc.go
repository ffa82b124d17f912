// Package calltest is what tests of the meeting stand on: a service without a
// network, a record of what a runner tells its media, a service that lies, and
// people to hold a meeting with.
//
// It is test support. No program imports it, and nothing in it needs cgo: tests
// that want real pictures and sound hand in the codecs of call/media/device.
package calltest
