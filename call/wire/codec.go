package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Errors of decoding and encoding. All others wrap ErrMalformed.
var (
	// ErrMalformed: not a message of this protocol and direction.
	ErrMalformed = errors.New("malformed message")
	// ErrTooLarge: longer than its type allows.
	ErrTooLarge = errors.New("message too large")
)

// decoder reads one type of message.
type decoder struct {
	// limit is the longest text of this type, in bytes.
	limit int
	// fields are the names allowed in the message's object, and nested those
	// in the objects inside it.
	fields, nested map[string]bool
	decode         func([]byte) (Message, error)
}

func as[T Message](limit int) decoder {
	d := decoder{
		limit:  limit,
		fields: map[string]bool{"type": true},
		nested: map[string]bool{},
		decode: func(data []byte) (Message, error) {
			var m T
			if err := json.Unmarshal(data, &m); err != nil {
				// The cause may quote the message, so only its kind is kept.
				return nil, fmt.Errorf("%w: a field has the wrong type", ErrMalformed)
			}
			return m, nil
		},
	}
	for f := range reflect.TypeFor[T]().Fields() {
		d.fields[fieldName(f)] = true
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			for inner := range f.Type.Elem().Fields() {
				d.nested[fieldName(inner)] = true
			}
		}
	}
	return d
}

func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// requests and notices are the two directions' tables, by type name.
var (
	requests = map[string]decoder{
		Hello{}.Type():  as[Hello](MaxPlain),
		Create{}.Type(): as[Create](MaxPlain),
		Look{}.Type():   as[Look](MaxPlain),
		Knock{}.Type():  as[Knock](MaxMessage),
		Refuse{}.Type(): as[Refuse](MaxPlain),
		Commit{}.Type(): as[Commit](MaxMessage),
		Say{}.Type():    as[Say](MaxMessage),
		Lock{}.Type():   as[Lock](MaxPlain),
		Leave{}.Type():  as[Leave](MaxPlain),
		End{}.Type():    as[End](MaxPlain),
		Resume{}.Type(): as[Resume](MaxPlain),
		Renew{}.Type():  as[Renew](MaxPlain),
	}
	notices = map[string]decoder{
		Challenge{}.Type():  as[Challenge](MaxPlain),
		Ready{}.Type():      as[Ready](MaxPlain),
		Meeting{}.Type():    as[Meeting](MaxPlain),
		Waiting{}.Type():    as[Waiting](MaxPlain),
		Knocking{}.Type():   as[Knocking](MaxMessage),
		Withdrawn{}.Type():  as[Withdrawn](MaxPlain),
		Refused{}.Type():    as[Refused](MaxPlain),
		Joined{}.Type():     as[Joined](MaxMessage),
		Ordered{}.Type():    as[Ordered](MaxMessage),
		Said{}.Type():       as[Said](MaxMessage),
		Roster{}.Type():     as[Roster](MaxMessage),
		Gone{}.Type():       as[Gone](MaxPlain),
		MediaToken{}.Type(): as[MediaToken](MaxPlain),
		Locked{}.Type():     as[Locked](MaxPlain),
		Removed{}.Type():    as[Removed](MaxPlain),
		Ended{}.Type():      as[Ended](MaxPlain),
		Done{}.Type():       as[Done](MaxPlain),
		Failed{}.Type():     as[Failed](MaxPlain),
	}
)

// Encode writes a message of either direction as JSON text. It refuses one that
// the other side would refuse.
func Encode(m Message) ([]byte, error) {
	d, known := requests[m.Type()]
	if _, ok := m.(Notice); ok {
		d, known = notices[m.Type()]
	}
	if !known {
		return nil, fmt.Errorf("encode message: %w: unknown type", ErrMalformed)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("encode %s: %w: %w", m.Type(), ErrMalformed, err)
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.Type(), err)
	}
	text := make([]byte, 0, len(body)+len(m.Type())+12)
	text = append(text, `{"type":"`...)
	text = append(text, m.Type()...)
	text = append(text, '"')
	if len(body) > len("{}") {
		text = append(text, ',')
	}
	text = append(text, body[1:]...)
	if len(text) > d.limit {
		return nil, fmt.Errorf("encode %s: %w", m.Type(), ErrTooLarge)
	}
	return text, nil
}

// DecodeRequest reads a message from a client. Its errors wrap ErrMalformed or
// ErrTooLarge and never quote the message.
func DecodeRequest(text []byte) (Request, error) {
	m, err := decode(text, requests)
	if err != nil {
		return nil, fmt.Errorf("decode request: %w", err)
	}
	return m.(Request), nil
}

// DecodeNotice reads a message from the service. Its errors wrap ErrMalformed
// or ErrTooLarge and never quote the message.
func DecodeNotice(text []byte) (Notice, error) {
	m, err := decode(text, notices)
	if err != nil {
		return nil, fmt.Errorf("decode notice: %w", err)
	}
	return m.(Notice), nil
}

func decode(text []byte, table map[string]decoder) (Message, error) {
	if len(text) > MaxMessage {
		return nil, ErrTooLarge
	}
	shape, err := scan(text)
	if err != nil {
		return nil, err
	}
	d, known := table[shape.name]
	if !known {
		return nil, fmt.Errorf("%w: unknown type", ErrMalformed)
	}
	if len(text) > d.limit {
		return nil, ErrTooLarge
	}
	for _, name := range shape.fields {
		if !d.fields[name] {
			return nil, fmt.Errorf("%w: unknown field", ErrMalformed)
		}
	}
	for _, name := range shape.nested {
		if !d.nested[name] {
			return nil, fmt.Errorf("%w: unknown field", ErrMalformed)
		}
	}
	m, err := d.decode(text)
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, m.Type(), err)
	}
	return m, nil
}

// shape is what scan learns of a message before it is decoded.
type shape struct {
	name           string
	fields, nested []string
}

// maxDepth is that of an object in a list in the message.
const maxDepth = 3

// scan checks what encoding/json lets pass: repeated names, names that differ
// in case, null, text after the message, broken UTF-8; and it finds the type.
func scan(text []byte) (shape, error) {
	var s shape
	if !utf8.Valid(text) {
		return s, fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return s, fmt.Errorf("%w: not a JSON object", ErrMalformed)
	}
	nested := map[string]bool{}
	if err := s.object(d, 1, nested); err != nil {
		return s, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("%w: text after the message", ErrMalformed)
	}
	for name := range nested {
		s.nested = append(s.nested, name)
	}
	return s, nil
}

// object reads the rest of an object whose opening brace has been read.
func (s *shape) object(d *json.Decoder, depth int, nested map[string]bool) error {
	seen := map[string]bool{}
	for {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: broken JSON", ErrMalformed)
		}
		if t == json.Delim('}') {
			return nil
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return fmt.Errorf("%w: repeated field", ErrMalformed)
		}
		seen[name] = true
		if depth == 1 {
			s.fields = append(s.fields, name)
		} else {
			nested[name] = true
		}
		value, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: broken JSON", ErrMalformed)
		}
		if depth == 1 && name == "type" {
			if s.name, ok = value.(string); !ok {
				return fmt.Errorf("%w: the type is not a string", ErrMalformed)
			}
		}
		if err := s.value(d, value, depth, nested); err != nil {
			return err
		}
	}
}

// value reads the rest of a value whose first token is t.
func (s *shape) value(d *json.Decoder, t json.Token, depth int, nested map[string]bool) error {
	if t == nil {
		return fmt.Errorf("%w: a field is null", ErrMalformed)
	}
	delim, compound := t.(json.Delim)
	if !compound {
		return nil
	}
	if depth >= maxDepth {
		return fmt.Errorf("%w: nested too deeply", ErrMalformed)
	}
	if delim == '{' {
		return s.object(d, depth+1, nested)
	}
	for {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: broken JSON", ErrMalformed)
		}
		if t == json.Delim(']') {
			return nil
		}
		if err := s.value(d, t, depth+1, nested); err != nil {
			return err
		}
	}
}
