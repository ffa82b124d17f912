package main

import (
	"bufio"
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"conclave/keys/mls"
	"conclave/keys/mls/internal/suite"
)

// maxLine bounds a request: the largest message, twice over in hexadecimal.
const maxLine = 64 << 20

// octets are bytes that travel as hexadecimal.
type octets []byte

// MarshalJSON writes hexadecimal.
func (o octets) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(o)) }

// UnmarshalJSON reads hexadecimal.
func (o *octets) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	*o = raw
	return err
}

type extension struct {
	Type mls.ExtensionType `json:"type"`
	Data octets            `json:"data"`
}

type member struct {
	Leaf         mls.LeafIndex `json:"leaf"`
	Identity     octets        `json:"identity"`
	SignatureKey octets        `json:"signature_key"`
}

type request struct {
	ID                json.RawMessage     `json:"id"`
	Op                string              `json:"op"`
	Client            string              `json:"client"`
	Group             octets              `json:"group"`
	Suite             mls.Suite           `json:"suite"`
	Identity          octets              `json:"identity"`
	GroupID           octets              `json:"group_id"`
	Extensions        []extension         `json:"extensions"`
	Capabilities      []mls.ExtensionType `json:"capabilities"`
	Welcome           octets              `json:"welcome"`
	RatchetTree       octets              `json:"ratchet_tree"`
	GroupInfo         octets              `json:"group_info"`
	Resync            bool                `json:"resync"`
	Type              string              `json:"type"`
	KeyPackage        octets              `json:"key_package"`
	Leaf              *mls.LeafIndex      `json:"leaf"`
	Add               []octets            `json:"add"`
	Remove            []mls.LeafIndex     `json:"remove"`
	PSKID             octets              `json:"psk_id"`
	PSK               octets              `json:"psk"`
	PSKIDs            []octets            `json:"psk_ids"`
	References        []octets            `json:"references"`
	Private           bool                `json:"private"`
	WithoutPath       bool                `json:"without_path"`
	TreeApart         bool                `json:"tree_apart"`
	AuthenticatedData octets              `json:"authenticated_data"`
	Message           octets              `json:"message"`
	Plaintext         octets              `json:"plaintext"`
	Label             string              `json:"label"`
	Context           octets              `json:"context"`
	Length            int                 `json:"length"`
	Epoch             uint64              `json:"epoch"`
	Index             uint32              `json:"index"`
}

// answer is what goes back; which keys it has depends on the operation.
type answer map[string]any

// client is one member's side: who it is, and its groups.
type client struct {
	keyPackages []*mls.KeyPackage
	configs     []mls.Config // of the key packages
	groups      map[string]*seat
	latest      string
	psks        map[string][]byte
	service     mls.ExternalProposer
}

// seat is a group with the commit that is pending in it.
type seat struct {
	group  *mls.Group
	staged *mls.Staged
}

type peer struct{ clients map[string]*client }

// serve answers requests until the input ends.
func serve(in io.Reader, out io.Writer) error {
	p := &peer{clients: make(map[string]*client)}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	w := bufio.NewWriter(out)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := json.NewEncoder(w).Encode(p.answer(lines.Bytes())); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (p *peer) answer(line []byte) answer {
	var r request
	a, err := answer(nil), json.Unmarshal(line, &r)
	if err == nil {
		c := p.clients[r.Client]
		if c == nil {
			c = &client{groups: make(map[string]*seat), psks: make(map[string][]byte)}
			p.clients[r.Client] = c
		}
		a, err = c.do(&r)
	}
	if err != nil {
		a = answer{"ok": false, "error": err.Error()}
		if section := mls.BrokenSection(err); section != "" {
			a["section"] = section
		}
	} else {
		a["ok"] = true
	}
	if r.ID != nil {
		a["id"] = r.ID
	}
	return a
}

func (c *client) do(r *request) (answer, error) {
	switch r.Op {
	case "create":
		return c.create(r)
	case "key_package":
		return c.keyPackage(r)
	case "join":
		return c.join(r)
	case "external_join":
		return c.externalJoin(r)
	case "psk":
		c.psks[string(r.PSKID)] = r.PSK
		return answer{}, nil
	case "external_sender":
		return c.externalSender(r)
	case "external_propose":
		return c.externalPropose(r)
	}
	s, err := c.seat(r)
	if err != nil {
		return nil, err
	}
	return s.do(r)
}

// seat finds the group that a request is about.
func (c *client) seat(r *request) (*seat, error) {
	name := c.latest
	if r.Group != nil {
		name = string(r.Group)
	}
	if s := c.groups[name]; s != nil {
		return s, nil
	}
	return nil, errors.New("no such group")
}

// enter remembers a group and describes it.
func (c *client) enter(g *mls.Group) answer {
	c.latest = string(g.ID())
	c.groups[c.latest] = &seat{group: g}
	a := (&seat{group: g}).where()
	a["group_id"], a["leaf"] = octets(g.ID()), g.Self()
	return a
}

// config makes a client that believes everybody, with a fresh signing key.
func (c *client) config(r *request) (mls.Config, error) {
	signer, err := newSigner(r.Suite)
	return mls.Config{
		Suite: r.Suite, Signer: signer, Credential: mls.BasicCredential(r.Identity),
		Verify:      func(mls.Credential, []byte) error { return nil },
		Successor:   func(_, _ mls.Credential) error { return nil },
		Extensions:  r.Capabilities,
		MaxLifetime: -1,
		ExternalProposals: []mls.ProposalType{
			mls.ProposalAdd, mls.ProposalRemove, mls.ProposalPSK, mls.ProposalGroupContextExtensions,
		},
		PSK: func(id []byte) ([]byte, error) {
			if psk, ok := c.psks[string(id)]; ok {
				return psk, nil
			}
			return nil, errors.New("pre-shared key was not given")
		},
	}, err
}

func newSigner(id mls.Suite) (crypto.Signer, error) {
	s, err := suite.Lookup(id)
	if err != nil {
		return nil, err
	}
	return s.NewSigner()
}

func (c *client) create(r *request) (answer, error) {
	config, err := c.config(r)
	if err != nil {
		return nil, err
	}
	g, err := mls.Create(config, r.GroupID, extensions(r.Extensions))
	if err != nil {
		return nil, err
	}
	return c.enter(g), nil
}

func (c *client) keyPackage(r *request) (answer, error) {
	config, err := c.config(r)
	if err != nil {
		return nil, err
	}
	k, err := mls.NewKeyPackage(config)
	if err != nil {
		return nil, err
	}
	c.keyPackages, c.configs = append(c.keyPackages, k), append(c.configs, config)
	info, err := mls.ReadKeyPackage(k.Message())
	return answer{"key_package": octets(k.Message()), "ref": octets(k.Ref()), "signature_key": octets(info.SignatureKey)}, err
}

// join tries the client's key packages, the latest first.
func (c *client) join(r *request) (answer, error) {
	err := errors.New("no key package was made")
	for i := len(c.keyPackages) - 1; i >= 0; i-- {
		g, joinErr := mls.Join(c.configs[i], c.keyPackages[i], r.Welcome, r.RatchetTree)
		if joinErr == nil {
			return c.enter(g), nil
		}
		if i == len(c.keyPackages)-1 {
			err = joinErr
		}
	}
	return nil, err
}

func (c *client) externalJoin(r *request) (answer, error) {
	config, err := c.config(r)
	if err != nil {
		return nil, err
	}
	o := mls.ExternalOptions{RatchetTree: r.RatchetTree, PSK: plain(r.PSKIDs), AuthenticatedData: r.AuthenticatedData}
	if r.Resync {
		s, err := c.seat(r)
		if err != nil {
			return nil, err
		}
		leaf := s.group.Self()
		o.Replace = &leaf
	}
	g, message, err := mls.JoinExternal(config, r.GroupInfo, o)
	if err != nil {
		return nil, err
	}
	a := c.enter(g)
	a["message"] = octets(message)
	return a, nil
}

func (c *client) externalSender(r *request) (answer, error) {
	signer, err := newSigner(r.Suite)
	if err != nil {
		return nil, err
	}
	s, err := suite.Lookup(r.Suite)
	if err != nil {
		return nil, err
	}
	key, err := s.SignatureKey(signer)
	if err != nil {
		return nil, err
	}
	c.service = mls.ExternalProposer{Suite: r.Suite, Signer: signer}
	e := mls.ExternalSendersExtension([]mls.ExternalSender{{SignatureKey: key, Credential: mls.BasicCredential(r.Identity)}})
	return answer{"signature_key": octets(key), "extension": extension{Type: e.Type, Data: e.Data}}, nil
}

func (c *client) externalPropose(r *request) (answer, error) {
	from := c.service
	from.GroupID, from.Index = r.GroupID, r.Index
	var message []byte
	var err error
	switch {
	case r.KeyPackage != nil:
		message, err = from.ProposeAdd(r.Epoch, r.KeyPackage)
	case r.Leaf != nil:
		message, err = from.ProposeRemove(r.Epoch, *r.Leaf)
	default:
		err = errors.New("neither leaf nor key_package")
	}
	return answer{"message": octets(message)}, err
}

func (s *seat) do(r *request) (answer, error) {
	s.group.SetEncryptHandshake(r.Private)
	switch r.Op {
	case "propose":
		return s.propose(r)
	case "commit":
		return s.commit(r)
	case "merge":
		if s.staged == nil {
			return nil, errors.New("no commit is pending")
		}
		return s.where(), s.group.Merge(s.staged)
	case "discard":
		if s.staged == nil {
			return nil, errors.New("no commit is pending")
		}
		s.group.Discard(s.staged)
		return s.where(), nil
	case "handle":
		return s.handle(r)
	case "protect":
		message, err := s.group.Protect(r.Plaintext, r.AuthenticatedData)
		return answer{"message": octets(message)}, err
	case "unprotect":
		return s.unprotect(r)
	case "export":
		secret, err := s.group.Export(r.Label, r.Context, r.Length)
		return answer{"secret": octets(secret)}, err
	case "authenticator":
		return s.where(), nil
	case "group_info":
		message, err := s.group.GroupInfo(!r.TreeApart)
		return answer{"message": octets(message), "ratchet_tree": octets(s.group.RatchetTree())}, err
	case "members":
		return s.members(), nil
	case "state":
		return s.state(), nil
	default:
		return nil, fmt.Errorf("unknown op %q", r.Op)
	}
}

func (s *seat) where() answer {
	return answer{"epoch": s.group.Epoch(), "authenticator": octets(s.group.EpochAuthenticator())}
}

func (s *seat) propose(r *request) (answer, error) {
	var message []byte
	var err error
	switch r.Type {
	case "add":
		message, err = s.group.ProposeAdd(r.KeyPackage)
	case "remove":
		if r.Leaf == nil {
			return nil, errors.New("no leaf")
		}
		message, err = s.group.ProposeRemove(*r.Leaf)
	case "update":
		message, err = s.group.ProposeUpdate()
	case "psk":
		message, err = s.group.ProposePSK(r.PSKID)
	case "extensions":
		message, err = s.group.ProposeExtensions(extensions(r.Extensions))
	default:
		err = fmt.Errorf("unknown type %q", r.Type)
	}
	return answer{"message": octets(message)}, err
}

func (s *seat) commit(r *request) (answer, error) {
	o := mls.CommitOptions{
		Add: plain(r.Add), Remove: r.Remove, PSK: plain(r.PSKIDs), References: plain(r.References),
		WithoutPath: r.WithoutPath, TreeApart: r.TreeApart, AuthenticatedData: r.AuthenticatedData,
	}
	if r.Extensions != nil {
		o.Extensions = extensions(r.Extensions)
	}
	staged, err := s.group.Commit(o)
	if err != nil {
		return nil, err
	}
	s.staged = staged
	return answer{"message": octets(staged.Message()), "welcome": octets(staged.Welcome()), "ratchet_tree": octets(staged.RatchetTree())}, nil
}

func (s *seat) handle(r *request) (answer, error) {
	result, err := s.group.Handle(r.Message)
	if err != nil {
		return nil, err
	}
	a := s.where()
	a["sender_type"], a["leaf"] = result.Sender.Type, result.Sender.Leaf
	a["authenticated_data"] = octets(result.AuthenticatedData)
	switch result.Kind {
	case mls.KindApplication:
		a["kind"], a["plaintext"] = "application", octets(result.Application)
	case mls.KindProposal:
		a["kind"], a["ref"] = "proposal", octets(result.Proposal.Ref)
	case mls.KindCommit:
		a["kind"], a["removed_self"] = "commit", result.Commit.RemovesSelf
		a["added"], a["removed"] = leaves(result.Commit.Added), leaves(result.Commit.Removed)
		a["leaf"] = result.Commit.Committer
	}
	return a, nil
}

func (s *seat) unprotect(r *request) (answer, error) {
	result, err := s.group.Handle(r.Message)
	if err != nil {
		return nil, err
	}
	if result.Kind != mls.KindApplication {
		return nil, errors.New("not an application message; it was handled")
	}
	return answer{
		"plaintext": octets(result.Application), "authenticated_data": octets(result.AuthenticatedData),
		"leaf": result.Sender.Leaf, "epoch": result.Epoch,
	}, nil
}

func (s *seat) members() answer {
	list := []member{}
	for _, m := range s.group.Members() {
		list = append(list, member{Leaf: m.Leaf, Identity: m.Credential.Identity, SignatureKey: m.SignatureKey})
	}
	return answer{"members": list}
}

func (s *seat) state() answer {
	list := []extension{}
	for _, e := range s.group.Extensions() {
		list = append(list, extension{Type: e.Type, Data: e.Data})
	}
	refs := []octets{}
	for _, p := range s.group.Proposals() {
		refs = append(refs, p.Ref)
	}
	return answer{
		"epoch": s.group.Epoch(), "leaf": s.group.Self(), "tree_hash": octets(s.group.TreeHash()),
		"transcript_hash": octets(s.group.ConfirmedTranscriptHash()), "extensions": list, "refs": refs,
	}
}

func extensions(list []extension) mls.Extensions {
	out := mls.Extensions{}
	for _, e := range list {
		out = append(out, mls.Extension{Type: e.Type, Data: e.Data})
	}
	return out
}

// plain keeps apart a list that was not given and an empty one.
func plain(list []octets) [][]byte {
	if list == nil {
		return nil
	}
	out := make([][]byte, 0, len(list))
	for _, b := range list {
		out = append(out, b)
	}
	return out
}

func leaves(list []mls.Member) []mls.LeafIndex {
	out := []mls.LeafIndex{}
	for _, m := range list {
		out = append(out, m.Leaf)
	}
	return out
}
