package peer

import (
	"github.com/livekit/protocol/logger"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// quiet is a logger that says nothing, and of which Pion learns so before it
// formats a line: the SDK's own discarding logger is given every line in full,
// with objects that other goroutines change at that moment (a data race), and
// addresses and identities that no log should hold.
type quiet struct{ logger.Logger }

var _ logger.ZapLogger = quiet{}

func newQuiet() quiet { return quiet{logger.GetDiscardLogger()} }

// The variants of a quiet logger are the logger.
func (q quiet) WithValues(...any) logger.Logger                 { return q }
func (q quiet) WithName(string) logger.Logger                   { return q }
func (q quiet) WithComponent(string) logger.Logger              { return q }
func (q quiet) WithCallDepth(int) logger.Logger                 { return q }
func (q quiet) WithItemSampler() logger.Logger                  { return q }
func (q quiet) WithoutSampler() logger.Logger                   { return q }
func (q quiet) WithMinLevel(zapcore.LevelEnabler) logger.Logger { return q }

func (q quiet) WithUnlikelyValues(...any) logger.UnlikelyLogger {
	return logger.NewUnlikelyLogger(q)
}

func (q quiet) WithDeferredValues() (logger.Logger, logger.DeferredFieldResolver) {
	_, resolve := q.Logger.WithDeferredValues()
	return q, resolve
}

// ToZap implements logger.ZapLogger.
func (quiet) ToZap() *zap.SugaredLogger { return zap.NewNop().Sugar() }

// ComponentLeveler implements logger.ZapLogger: no level is enabled.
func (quiet) ComponentLeveler() logger.ZapComponentLeveler { return silence{} }

type silence struct{}

func (silence) ComponentLevel(string) zapcore.LevelEnabler { return silence{} }
func (silence) Enabled(zapcore.Level) bool                 { return false }
