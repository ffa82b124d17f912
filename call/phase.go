package call

// Phase is what a meeting looks like to the person in it, derived from the
// four parts of State by State.Phase.
type Phase uint8

// The phases.
const (
	PhaseIdle         Phase = iota + 1
	PhaseConnecting         // reaching the service
	PhaseLobby              // knocked, waiting to be admitted
	PhaseSecuring           // admitted, keys are being agreed on
	PhaseInMeeting          // keys are ready
	PhaseReconnecting       // was in, lost the service
	PhaseLeaving
	PhaseEnded
)

// EndReason says why a meeting is over for this device.
type EndReason uint8

// The reasons of an end.
const (
	EndNone           EndReason = iota
	EndLeft                     // the person left
	EndForAll                   // a host ended it
	EndRemoved                  // a host removed this device
	EndRefused                  // a host said no
	EndPasscode                 // the passcode was wrong
	EndLocked                   // the door is locked
	EndFull                     // the meeting is full
	EndNotFound                 // the service knows no such meeting
	EndRelabelled               // the descriptor does not match the link
	EndUnreachable              // the service could not be reached
	EndLost                     // the connection was lost and did not come back
	EndBroken                   // the keys are no longer to be trusted
	EndVersion                  // the service speaks another version
	EndPinMismatch              // the service's certificate is not the link's
	EndTooFast                  // the service asked to slow down
	EndServiceExpired           // the service forgot the meeting
	EndPolicy                   // the policy or the host's demand does not let this person in
)
