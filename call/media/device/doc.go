// Package device is the machine's camera, microphone and speaker, and the
// codecs, behind the interfaces of conclave/call/media. Besides Fyne it is the
// only package of the program that needs cgo.
//
// Trust zone: device. It handles plain pictures and sound. Decoders here parse
// data that came over the network, so the rule of conclave/call/media matters:
// what reaches a decoder was authenticated as a member's.
package device
