package framing

import "errors"

// ErrOwn is the cause when a member is given its own encrypted message: its key
// was deleted when it was sent.
var ErrOwn = errors.New("message is this member's own")
