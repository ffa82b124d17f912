package present

import (
	"conclave/app/core"
	"conclave/keys"
)

// TileKey names a tile: one picture of one person.
type TileKey struct {
	Person keys.PublicKey
	Stream core.Stream
}

// TileKey returns the name of the tile.
func (t Tile) TileKey() TileKey { return TileKey{t.Key, t.Stream} }

// How many tiles are shown at once. What is on no page is not decoded.
const (
	GalleryPage = 25
	StripPage   = 6 // beside a large tile
)

// StageWish is how the person wants the stage.
type StageWish struct {
	Pinned   TileKey        // kept large; the zero key is none
	Speaker  bool           // who speaks is large
	Spoke    keys.PublicKey // who spoke last
	Page     int            // from 0
	HideSelf bool           // leave one's own picture out
}

// Stage is what lies where: at most one large tile and a page of the others.
type Stage struct {
	Shown       []Tile // the large one first, if there is one
	Large       bool
	Page, Pages int
	Elsewhere   string // who speaks and is on another page; "" for nobody
	SelfHidden  bool   // one's own picture is left out, and can be shown again
}

// Stage arranges tiles. A pinned tile is large, else a shared screen, else in
// the speaker view whoever spoke last. Nobody else's tile moves because
// somebody speaks.
func (p Presenter) Stage(all []Tile, w StageWish) Stage {
	s := Stage{Pages: 1}
	tiles := make([]Tile, 0, len(all))
	for _, t := range all {
		if w.HideSelf && t.Self && len(all) > 1 {
			s.SelfHidden = true
			continue
		}
		tiles = append(tiles, t)
	}
	large, size := largest(tiles, w), GalleryPage
	if large >= 0 {
		s.Large, size = true, StripPage
		s.Shown = append(s.Shown, tiles[large])
		tiles = append(tiles[:large:large], tiles[large+1:]...)
	}
	s.Pages = max(1, (len(tiles)+size-1)/size)
	s.Page = max(0, min(w.Page, s.Pages-1))
	from, to := s.Page*size, min(len(tiles), (s.Page+1)*size)
	for i, t := range tiles {
		if i >= from && i < to {
			s.Shown = append(s.Shown, t)
		} else if t.Speaking && !t.Self && s.Elsewhere == "" {
			s.Elsewhere = t.Name
		}
	}
	return s
}

// largest returns the index of the tile that is large, or -1.
func largest(tiles []Tile, w StageWish) int {
	if len(tiles) < 2 {
		return -1
	}
	screen, spoke := -1, -1
	for i, t := range tiles {
		switch {
		case t.TileKey() == w.Pinned:
			return i
		case t.Stream == core.StreamScreen && screen < 0:
			screen = i
		case t.Key == w.Spoke && t.Stream == core.StreamCamera:
			spoke = i
		}
	}
	switch {
	case screen >= 0:
		return screen
	case !w.Speaker:
		return -1
	}
	return max(0, spoke)
}
