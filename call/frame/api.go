package frame

import "time"

type Suite uint16

const (
	AES128GCM Suite = 4
	AES256GCM Suite = 5
)

type Stream uint8
type Config struct {
	Suite Suite
	Now   func() time.Time
}
type Ring struct{}
type Sealer struct{}

func NewRing(Config) *Ring                                            { return &Ring{} }
func (r *Ring) AddEpoch(epoch uint64, base []byte, leaf uint32) error { return nil }
func (r *Ring) SwitchSend(epoch uint64, atKeyFrame bool) error        { return nil }
func (r *Ring) Expire()                                               {}
func (r *Ring) Close()                                                {}
func (r *Ring) Sealer(stream Stream) *Sealer                          { return &Sealer{} }
func (s *Sealer) Seal(dst, clear, plaintext []byte, keyFrame bool) ([]byte, error) {
	return nil, ErrNotReady
}
func (r *Ring) Open(dst []byte, clearLen int, leaf uint32, stream Stream, sealed []byte) ([]byte, error) {
	return nil, ErrNoKey
}
