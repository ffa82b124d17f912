package wire

// WebSocket close codes with which the service ends a control connection, in
// the range that RFC 6455 section 7.4.2 leaves to applications.
const (
	// CloseReplaced: the same device came back on another connection. A client
	// must not reconnect by itself, or the two would take turns.
	CloseReplaced = 4001
	// CloseSlow: the client did not read what it was sent; reconnect and Resume.
	CloseSlow = 4002
	// CloseMisused: too many malformed or too fast messages, or no Hello.
	CloseMisused = 4003
	// CloseFull: too many connections, from this address or at all.
	CloseFull = 4004
)
