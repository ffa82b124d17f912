package peer

import (
	"fmt"
	"testing"

	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/logger/pionlogger"
)

// loud notices that it was formatted.
type loud struct{ formatted *bool }

func (l loud) Format(fmt.State, rune) { *l.formatted = true }

func TestPionsLogIsNotEvenFormatted(t *testing.T) {
	var formatted bool
	for name, l := range map[string]logger.Logger{
		"plain": newQuiet(), "with values": newQuiet().WithValues("a", 1), "of a part": newQuiet().WithComponent("x").WithName("y"),
	} {
		p := pionlogger.NewLoggerFactory(l).NewLogger("pc")
		p.Tracef("%v", loud{&formatted})
		p.Debugf("%v", loud{&formatted})
		p.Infof("%v", loud{&formatted})
		p.Warnf("%v", loud{&formatted})
		p.Errorf("%v", loud{&formatted})
		if formatted {
			t.Fatalf("%s: a line of the log was formatted", name)
		}
	}
}
