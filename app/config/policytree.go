package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// The bounds of a policy. An administrator's two hundred rooms each have a file of
// their own; these are far above what one needs.
const (
	policyBytes = 256 << 10
	policyDepth = 8
	policyItems = 4096 // values of all kinds
)

type nodeKind uint8

const (
	kindText nodeKind = iota + 1
	kindNumber
	kindSwitch
	kindList
	kindObject
	kindNull
)

func (k nodeKind) String() string {
	switch k {
	case kindText:
		return "text"
	case kindNumber:
		return "a number"
	case kindSwitch:
		return "true or false"
	case kindList:
		return "a list"
	case kindObject:
		return "an object"
	case kindNull:
		return "null"
	}
	return "nothing"
}

// node is a JSON value with the line that it begins on.
type node struct {
	kind   nodeKind
	line   int
	text   string // of a text and a number
	on     bool
	items  []node
	fields []field
}

type field struct {
	name  string
	line  int
	value node
}

func (n node) field(name string) *node {
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i].value
		}
	}
	return nil
}

// treeReader keeps count of lines over a decoder, which knows only offsets.
type treeReader struct {
	from  string
	text  []byte
	dec   *json.Decoder
	seen  int // offset up to which lines were counted
	line  int
	items int
}

// parseTree reads one JSON value and nothing after it. A name that stands twice in
// an object is an error: readers differ on which of the two counts.
func parseTree(from string, text []byte) (node, error) {
	if len(text) > policyBytes {
		return node{}, &PolicyError{from, 0, ErrPolicyForm, fmt.Sprintf("longer than %d bytes", policyBytes)}
	}
	if !utf8.Valid(text) {
		return node{}, &PolicyError{from, 0, ErrPolicyForm, "not UTF-8"}
	}
	r := &treeReader{from: from, text: text, dec: json.NewDecoder(bytes.NewReader(text)), line: 1}
	r.dec.UseNumber()
	root, err := r.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return node{}, r.fail("something follows the policy")
	}
	return root, nil
}

// at is the line of the last byte that was read.
func (r *treeReader) at() int {
	end := min(int(r.dec.InputOffset()), len(r.text))
	if end > r.seen {
		r.line += bytes.Count(r.text[r.seen:end], []byte{'\n'})
		r.seen = end
	}
	return r.line
}

func (r *treeReader) fail(what string) error {
	return &PolicyError{r.from, r.at(), ErrPolicyForm, what}
}

// broken makes an error of the decoder's, whose offset is more exact than ours.
func (r *treeReader) broken(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		end := min(int(syntax.Offset), len(r.text))
		return &PolicyError{r.from, 1 + bytes.Count(r.text[:end], []byte{'\n'}), ErrPolicyForm, syntax.Error()}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &PolicyError{r.from, 1 + bytes.Count(r.text, []byte{'\n'}), ErrPolicyForm, "it ends too early"}
	}
	return r.fail(err.Error())
}

func (r *treeReader) value(depth int) (node, error) {
	t, err := r.dec.Token()
	if err != nil {
		return node{}, r.broken(err)
	}
	if r.items++; r.items > policyItems {
		return node{}, r.fail("too many values")
	}
	n := node{line: r.at()}
	switch t := t.(type) {
	case string:
		n.kind, n.text = kindText, t
	case json.Number:
		n.kind, n.text = kindNumber, t.String()
	case bool:
		n.kind, n.on = kindSwitch, t
	case nil:
		n.kind = kindNull
	case json.Delim:
		if depth == policyDepth {
			return node{}, r.fail("nested too deeply")
		}
		if t == '[' {
			n.kind = kindList
			return r.list(n, depth)
		}
		n.kind = kindObject
		return r.object(n, depth)
	}
	return n, nil
}

func (r *treeReader) list(n node, depth int) (node, error) {
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, v)
	}
	if _, err := r.dec.Token(); err != nil {
		return node{}, r.broken(err)
	}
	return n, nil
}

func (r *treeReader) object(n node, depth int) (node, error) {
	seen := map[string]bool{}
	for r.dec.More() {
		t, err := r.dec.Token()
		if err != nil {
			return node{}, r.broken(err)
		}
		name, ok := t.(string)
		if !ok {
			return node{}, r.fail("a name is missing")
		}
		f := field{name: name, line: r.at()}
		if seen[name] {
			return node{}, r.fail(fmt.Sprintf("%.60q is there twice", name))
		}
		seen[name] = true
		if f.value, err = r.value(depth + 1); err != nil {
			return node{}, err
		}
		n.fields = append(n.fields, f)
	}
	if _, err := r.dec.Token(); err != nil {
		return node{}, r.broken(err)
	}
	return n, nil
}
