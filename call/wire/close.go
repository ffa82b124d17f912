package wire

// WebSocket close codes with which the service ends a control connection, in
// the range that RFC 6455 section 7.4.2 leaves to applications.
const (
	// CloseReplaced: the same device came back on another connection. A client
	// must not reconnect by itself, or the two would take turns.
	CloseReplaced = 4001
	// CloseMisused: too many malformed or too fast messages, or no Hello.
	CloseMisused = 4002
)
