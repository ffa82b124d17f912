package core

import "conclave/keys"

// Preview is the moment before a meeting: the own picture, the devices, and
// what is known of the meeting. Nothing is sent to anybody from it.
type Preview struct {
	// Link is the meeting's to join; "" when one is to be started, with Start.
	Link  string
	Start StartMeeting
	Mode  keys.Mode // 0 until the service has shown the signed descriptor
	// Looked: the service answered about the meeting. Missing: there is none.
	Looked, Missing bool
	Asks            bool // a passcode is asked
	HostHere        bool
	Locked          bool
	Demand          keys.Demand
	Mic, Camera     Toggle
	Testing         bool // the test sound plays
}

// The intents before a meeting. JoinMeeting and StartMeeting end a preview.
type (
	// OpenPreview opens the preview of a link, or of a meeting to start.
	OpenPreview struct {
		Link  string
		Start StartMeeting
	}
	// ClosePreview goes back home.
	ClosePreview struct{}
	// TestSpeaker plays the test sound on the chosen speaker.
	TestSpeaker struct{}
)

func (OpenPreview) intent()  {}
func (ClosePreview) intent() {}
func (TestSpeaker) intent()  {}
