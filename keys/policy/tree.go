package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth is deeper than any policy nests.
const maxDepth = 8

// node is a JSON value that knows its line. Exactly one of the fields after
// line is meaningful, by kind.
type node struct {
	kind    byte // '{', '[', 's'tring, 'n'umber, 'o'ther
	line    int
	fields  []field
	items   []node
	literal string
}

type field struct {
	name  string
	value node
}

// SyntaxError says where a policy file is wrong.
type SyntaxError struct {
	Line int // first line is 1
	Why  string
}

// Error names the line.
func (e *SyntaxError) Error() string { return fmt.Sprintf("parse policy: line %d: %s", e.Line, e.Why) }

// treeReader turns tokens into nodes.
type treeReader struct {
	data    []byte
	decoder *json.Decoder
	counted int // bytes of data whose lines are in line
	line    int
}

// readTree reads one JSON value that fills data, refusing doubled fields.
func readTree(data []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	r := &treeReader{data: data, decoder: d, line: 1}
	root, err := r.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, r.fail("more text after the policy's last brace")
	}
	return root, nil
}

// here returns the line at which the last token ended.
func (r *treeReader) here() int {
	at := int(r.decoder.InputOffset())
	r.line += bytes.Count(r.data[r.counted:at], []byte("\n"))
	r.counted = at
	return r.line
}

func (r *treeReader) fail(why string) error { return &SyntaxError{Line: r.here(), Why: why} }

func (r *treeReader) value(depth int) (node, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return node{}, r.fail("not JSON, or it ends too early")
	}
	n := node{line: r.here()}
	switch t := token.(type) {
	case json.Delim:
		n.kind = byte(t)
		if depth == maxDepth {
			return node{}, r.fail("nested too deep")
		}
		if t == '{' {
			err = r.object(&n, depth)
		} else {
			err = r.array(&n, depth)
		}
	case string:
		n.kind, n.literal = 's', t
	case json.Number:
		n.kind, n.literal = 'n', t.String()
	default:
		n.kind = 'o'
	}
	return n, err
}

func (r *treeReader) object(n *node, depth int) error {
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return r.fail("not JSON, or it ends too early")
		}
		name, isString := token.(string)
		if !isString {
			return r.fail("want a field name")
		}
		if n.find(name) != nil {
			return r.fail(fmt.Sprintf("field %q stands twice", name))
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.fields = append(n.fields, field{name, value})
	}
	return r.end()
}

func (r *treeReader) array(n *node, depth int) error {
	for r.decoder.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	return r.end()
}

func (r *treeReader) end() error {
	if _, err := r.decoder.Token(); err != nil {
		return r.fail("not JSON, or it ends too early")
	}
	return nil
}

func (n *node) find(name string) *node {
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i].value
		}
	}
	return nil
}

func (n *node) fail(format string, args ...any) error {
	return &SyntaxError{Line: n.line, Why: fmt.Sprintf(format, args...)}
}
