package widget

import (
	"image"
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/present"
	"conclave/ui/theme"
)

// Source gives a tile its pictures. Want is told the size in pixels at which
// the tile is shown, and 0 when it is not; Latest returns the newest picture
// and its number.
type Source struct {
	Want   func(width, height int)
	Latest func() (*image.RGBA, uint64)
}

// TileView is what a tile shows.
type TileView struct {
	present.Tile
	Seed   byte
	Pinned bool
	Mirror bool // turn the picture over, as people know themselves
}

// Tile shows one person: the moving picture when there is one, else their
// initials and the reason, and always their name.
type Tile struct {
	fwidget.BaseWidget
	source Source
	view   TileView
	tapped func()
	second func() // the other button of the mouse

	raster  *canvas.Raster
	turned  *image.RGBA // the picture turned over
	rise    int         // how often the reaction has risen
	drawn   uint64      // number of the picture on the raster
	old     uint64      // pictures up to this number are from before the camera was off
	wanted  image.Point
	shape   image.Point // of the newest picture
	visible bool
	hovered bool

	back        *canvas.Rectangle
	edges       [4]*canvas.Rectangle // top, bottom, left, right of the ring
	arcs        [4]*canvas.Image
	corners     [4]*canvas.Image
	plate       *canvas.Rectangle
	avatar      *Avatar
	caption     *Text
	captionIcon *Icon
	name        *canvas.Text
	marks       []*Icon
	corner      *Icon
	cornerBox   *canvas.Rectangle
	turn        *canvas.Text
	reaction    *canvas.Image
}

// NewTile returns a tile; tapped may be nil.
func NewTile(source Source, tapped func()) *Tile {
	t := &Tile{
		source: source, tapped: tapped, visible: true,
		back: canvas.NewRectangle(nil), plate: canvas.NewRectangle(nil),
		avatar:  NewAvatar("", 0, 0),
		caption: NewText("", Style{Size: theme.SizeSmall, Color: theme.ColorOnTileMuted, Align: fyne.TextAlignCenter, Wrap: true, Lines: 2}),
		name:    canvas.NewText("", nil), captionIcon: NewIcon(theme.IconNone, 16, theme.ColorOnTileMuted),
		corner: NewIcon(theme.IconHand, 18, theme.ColorOnTile), cornerBox: canvas.NewRectangle(nil),
		turn: canvas.NewText("", nil), reaction: &canvas.Image{FillMode: canvas.ImageFillContain},
	}
	t.turn.TextStyle.Bold = true
	for range 4 {
		t.marks = append(t.marks, NewIcon(theme.IconNone, 15, theme.ColorOnTile))
	}
	for i := range t.corners {
		t.corners[i] = &canvas.Image{FillMode: canvas.ImageFillStretch}
		t.arcs[i] = &canvas.Image{FillMode: canvas.ImageFillStretch}
		t.edges[i] = canvas.NewRectangle(color.Transparent)
	}
	t.name.TextStyle.Bold = true
	t.raster = canvas.NewRaster(t.draw)
	t.raster.ScaleMode = canvas.ImageScaleFastest
	t.ExtendBaseWidget(t)
	return t
}

// Set changes what the tile shows.
func (t *Tile) Set(v TileView) {
	if t.view != v {
		if t.view.Reaction != v.Reaction {
			t.rise = 0
		}
		t.view = v
		if !v.Live {
			t.want(0, 0)
			t.old, t.shape = t.drawn, image.Point{}
		}
		t.Refresh()
	}
}

// SetVisible tells a tile that it is off the stage, so that its picture need
// not be decoded.
func (t *Tile) SetVisible(visible bool) {
	t.visible = visible
	if !visible {
		t.want(0, 0)
	}
}

// View returns what the tile shows.
func (t *Tile) View() TileView { return t.view }

// OnSecondary sets what the other button of the mouse does.
func (t *Tile) OnSecondary(do func()) { t.second = do }

// TappedSecondary implements fyne.SecondaryTappable.
func (t *Tile) TappedSecondary(*fyne.PointEvent) {
	if t.second != nil {
		t.second()
	}
}

// risen is how many ticks a reaction takes to its place.
const risen = 12

// placeReaction lets the reaction float up beside the face.
func (t *Tile) placeReaction() {
	size := t.Size()
	side := max(28, min(72, size.Height*0.3))
	from, to := size.Height*0.5, size.Height*0.06
	left := 1 - float32(t.rise)/risen
	t.reaction.Resize(fyne.NewSquareSize(side))
	t.reaction.Move(fyne.NewPos(size.Width*0.06, to+(from-to)*left*left))
}

// Tick draws the newest picture when it is another one than before.
func (t *Tile) Tick() {
	if t.view.Reaction != "" && t.visible && t.rise < risen {
		t.rise++
		t.placeReaction()
	}
	if !t.view.Live || !t.visible || t.source.Latest == nil {
		return
	}
	img, n := t.source.Latest()
	if img == nil || n <= t.old {
		return
	}
	// Fyne may have drawn it already, without the tile knowing its shape.
	if shape := img.Bounds().Size(); shape != t.shape {
		t.shape = shape
		t.Refresh()
		return
	}
	if n != t.drawn {
		t.raster.Refresh()
	}
}

func (t *Tile) want(w, h int) {
	if p := image.Pt(w, h); p != t.wanted && t.source.Want != nil {
		t.wanted = p
		t.source.Want(w, h)
	}
}

// draw is the raster's generator: it hands over the picture as it is.
func (t *Tile) draw(w, h int) image.Image {
	if t.view.Live && t.visible && t.source.Latest != nil {
		if img, n := t.source.Latest(); img != nil && n > t.old {
			t.drawn = n
			if t.view.Mirror {
				return t.mirrored(img)
			}
			return img
		}
	}
	return image.NewUniform(color.Transparent)
}

// mirrored turns a picture over. Its own buffer is written anew each time, and
// only after Fyne has handed the former to the graphics card.
func (t *Tile) mirrored(img *image.RGBA) *image.RGBA {
	size := img.Rect.Size()
	if t.turned == nil || t.turned.Rect.Size() != size {
		t.turned = image.NewRGBA(image.Rectangle{Max: size})
	}
	for y := range size.Y {
		src := img.Pix[y*img.Stride:][: 4*size.X : 4*size.X]
		dst := t.turned.Pix[y*t.turned.Stride:][: 4*size.X : 4*size.X]
		for i, j := 0, 4*size.X-4; j >= 0; i, j = i+4, j-4 {
			copy(dst[j:j+4], src[i:i+4])
		}
	}
	return t.turned
}

// pictureArea fits the newest picture into the tile, whole and undistorted.
// Pictures made for this tile have its shape and fill it.
func (t *Tile) pictureArea(size fyne.Size) (fyne.Position, fyne.Size) {
	if t.shape.X == 0 || t.shape.Y == 0 || size.Height == 0 || size.Width == 0 {
		return fyne.Position{}, size
	}
	have, room := float32(t.shape.X)/float32(t.shape.Y), size.Width/size.Height
	if have > room*0.97 && have < room*1.03 {
		return fyne.Position{}, size
	}
	fit := fyne.NewSize(size.Width, size.Width/have)
	if have < room {
		fit = fyne.NewSize(size.Height*have, size.Height)
	}
	return fyne.NewPos((size.Width-fit.Width)/2, (size.Height-fit.Height)/2), fit
}

// Tapped implements fyne.Tappable.
func (t *Tile) Tapped(*fyne.PointEvent) {
	if t.tapped != nil {
		t.tapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (t *Tile) MouseIn(*desktop.MouseEvent) { t.hovered = true; t.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (t *Tile) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (t *Tile) MouseOut() { t.hovered = false; t.Refresh() }

// AccessibilityLabel implements fyne.Accessible.
func (t *Tile) AccessibilityLabel() string {
	if t.view.Caption != "" {
		return t.view.Name + ": " + t.view.Caption
	}
	return t.view.Name
}

// AccessibilityRole implements fyne.Accessible.
func (t *Tile) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (t *Tile) CreateRenderer() fyne.WidgetRenderer {
	r := &tileRenderer{t}
	r.apply()
	return laidOut(r, t.Size())
}

type tileRenderer struct{ tile *Tile }

func (r *tileRenderer) apply() {
	t, v := r.tile, r.tile.view
	// A picture that fills the tile hides the ground, and the ground is square
	// under round corners: without a graphics card each round rectangle of this
	// size costs more than the picture.
	_, fit := t.pictureArea(t.Size())
	t.back.Hidden = v.Live && t.shape.X > 0 && fit == t.Size()
	t.back.FillColor = colorOf(t, theme.ColorTile)
	t.plate.FillColor, t.plate.CornerRadius = colorOf(t, theme.ColorPlate), 8
	t.cornerBox.FillColor, t.cornerBox.CornerRadius = colorOf(t, theme.ColorPlate), 8
	t.raster.Hidden = !v.Live
	t.avatar.Set(v.Called, v.Seed)
	t.avatar.Hidden = v.Live && t.shape.X > 0
	captionColor := theme.ColorOnTileMuted
	if v.CaptionTone != present.Neutral {
		captionColor = theme.ColorOnTile
	}
	t.caption.Set(v.Caption)
	t.caption.SetColor(captionColor)
	icon := theme.Icon(v.CaptionIcon)
	t.captionIcon.Set(icon, captionColor)
	shown := v.Caption != "" && !(v.Live && t.shape.X > 0)
	t.caption.Hidden, t.captionIcon.Hidden = !shown, !shown
	t.name.Text, t.name.Color, t.name.TextSize = v.Name, colorOf(t, theme.ColorOnTile), t.Theme().Size(theme.SizeSmall)
	r.applyMarks()
	corner := theme.IconNone
	switch {
	case v.Hand:
		corner = theme.IconHand
	case v.Pinned:
		corner = theme.IconPin
	case v.Weak:
		corner = theme.IconSignalWeak
	}
	t.corner.Set(corner, theme.ColorOnTile)
	t.turn.Text, t.turn.Hidden = "", corner != theme.IconHand || v.Turn == 0
	if !t.turn.Hidden {
		t.turn.Text = strconv.Itoa(v.Turn)
	}
	t.turn.Color, t.turn.TextSize = colorOf(t, theme.ColorOnTile), t.Theme().Size(theme.SizeSmall)
	t.reaction.Hidden = v.Reaction == ""
	if !t.reaction.Hidden {
		setResource(t.reaction, theme.Icon(v.Reaction).Resource(color.White, 64))
	}
	t.corner.Hidden, t.cornerBox.Hidden = corner == theme.IconNone, corner == theme.IconNone
	r.applyFrame()
}

const tileRadius = 14

// ringWidth is how broad the ring around who speaks is.
const ringWidth = 3.5

// applyFrame draws round corners over a square picture, in the stage's colour,
// and the ring around who speaks, of thin pieces: one round rectangle over the
// whole tile would be computed for every pixel of it.
func (r *tileRenderer) applyFrame() {
	t := r.tile
	ring, shown := theme.ColorSpeaking, t.view.Speaking
	if !shown && t.hovered && t.tapped != nil {
		ring, shown = theme.ColorMuted, true
	}
	c := colorOf(t, ring)
	for i := range t.corners {
		setResource(t.corners[i], theme.Corner(i, colorOf(t, theme.ColorBackground)))
		t.arcs[i].Hidden, t.edges[i].Hidden = !shown, !shown
		setResource(t.arcs[i], theme.Arc(i, c))
		t.edges[i].FillColor = c
	}
}

// setResource keeps the resource that an image has when it is the same one, so
// that it is not drawn from its lines again.
func setResource(i *canvas.Image, r fyne.Resource) {
	if i.Resource == nil || i.Resource.Name() != r.Name() {
		i.Resource = r
	}
}

// layoutRing places its four edges and four arcs.
func (r *tileRenderer) layoutRing(size fyne.Size) {
	t := r.tile
	wide, high := max(0, size.Width-2*tileRadius), max(0, size.Height-2*tileRadius)
	for i, e := range t.edges {
		if i < 2 {
			e.Move(fyne.NewPos(tileRadius, float32(i)*(size.Height-ringWidth)))
			e.Resize(fyne.NewSize(wide, ringWidth))
		} else {
			e.Move(fyne.NewPos(float32(i-2)*(size.Width-ringWidth), tileRadius))
			e.Resize(fyne.NewSize(ringWidth, high))
		}
	}
	for i := range t.corners {
		at := fyne.NewPos(float32(i%2)*(size.Width-tileRadius), float32(i/2)*(size.Height-tileRadius))
		for _, c := range []*canvas.Image{t.corners[i], t.arcs[i]} {
			c.Resize(fyne.NewSquareSize(tileRadius))
			c.Move(at)
		}
	}
}

func (r *tileRenderer) applyMarks() {
	t, v := r.tile, r.tile.view
	set := func(i int, on bool, icon theme.Icon, c fyne.ThemeColorName) {
		t.marks[i].Hidden = !on
		t.marks[i].Set(icon, c)
	}
	set(0, v.MicOff && v.Stream == 0, theme.IconMicOff, theme.ColorOnTile)
	set(1, v.Host, theme.IconStar, theme.ColorOnTile)
	switch {
	case v.Changed, v.Imitates:
		set(2, true, theme.IconWarning, theme.ColorOnTile)
	case v.Compared:
		set(2, true, theme.IconShieldCheck, theme.ColorOnTile)
	case v.Verified:
		set(2, true, theme.IconCheck, theme.ColorOnTile)
	default:
		set(2, v.Unverified, theme.IconQuestion, theme.ColorOnTileMuted)
	}
	set(3, v.Quality > 0 && !v.Self, qualities[v.Quality], theme.ColorOnTile)
}

// qualities are the signs of the network, from unknown to good.
var qualities = [...]theme.Icon{theme.IconNone, theme.IconSignal1, theme.IconSignal2, theme.IconSignal3, theme.IconSignal4}

func (r *tileRenderer) Layout(size fyne.Size) {
	t := r.tile
	t.back.Resize(size)
	at, fit := t.pictureArea(size)
	t.raster.Move(at)
	t.raster.Resize(fit)
	if t.view.Live && t.visible {
		// The raster asks in pixels; until it has drawn, the size on the
		// canvas stands in.
		scale := pixelScale(t)
		t.want(int(size.Width*scale+0.5), int(size.Height*scale+0.5))
	}
	r.layoutRing(size)
	r.layoutMiddle(size)
	r.layoutPlate(size)
	side, turn := t.corner.MinSize().Width, fyne.Size{}
	if !t.turn.Hidden {
		turn = t.turn.MinSize().AddWidthHeight(4, 0)
	}
	t.cornerBox.Move(fyne.NewPos(size.Width-side-turn.Width-22, 10))
	t.cornerBox.Resize(fyne.NewSize(side+turn.Width+12, side+12))
	t.corner.Move(fyne.NewPos(size.Width-side-turn.Width-16, 16))
	t.corner.Resize(fyne.NewSquareSize(side))
	t.turn.Move(fyne.NewPos(size.Width-turn.Width-12, 16+(side-turn.Height)/2))
	t.turn.Resize(turn)
	t.placeReaction()
}

// layoutMiddle puts the initials and the reason above the name plate. Where it
// is too small for both, the words stay.
func (r *tileRenderer) layoutMiddle(size fyne.Size) {
	t := r.tile
	room := size.Height - r.plateHeight() - 24
	disc := max(28, min(size.Height*0.4, size.Width*0.4, 168))
	words, caption := !t.caption.Hidden, float32(0)
	if words {
		t.caption.SetLines(max(1, min(2, int((room-8)/t.caption.lineHeight()))))
		caption = t.caption.HeightFor(size.Width-32) + 8
	} else {
		room = size.Height
	}
	disc = min(disc, room-caption-8)
	t.avatar.Hidden = disc < 26 && words || t.view.Live && t.shape.X > 0
	if disc < 26 {
		disc = 0
	}
	y := max(6, (max(room, size.Height*0.9)-disc-caption)/2)
	if y+disc+caption > room && words {
		y = max(6, room-disc-caption)
	}
	t.avatar.Move(fyne.NewPos((size.Width-disc)/2, y))
	t.avatar.Resize(fyne.NewSquareSize(disc))
	side := t.captionIcon.MinSize().Width
	natural := t.caption.Natural()
	t.captionIcon.Hidden = !words || natural+side+6 > size.Width-32
	shift := float32(0)
	if !t.captionIcon.Hidden {
		shift = (side + 6) / 2
		t.captionIcon.Move(fyne.NewPos((size.Width-natural-side-6)/2, y+disc+8+(t.caption.lineHeight()-side)/2))
		t.captionIcon.Resize(fyne.NewSquareSize(side))
	}
	t.caption.Move(fyne.NewPos(16+shift, y+disc+8))
	t.caption.Resize(fyne.NewSize(size.Width-32, caption))
}

func (r *tileRenderer) plateHeight() float32 {
	t := r.tile
	return max(fyne.MeasureText("Mg", t.name.TextSize, t.name.TextStyle).Height, t.marks[0].MinSize().Height) + 8
}

func (r *tileRenderer) layoutPlate(size fyne.Size) {
	t := r.tile
	const inset, gap = 9, 5
	room := size.Width - 2*10 - 2*inset
	side := t.marks[0].MinSize().Width
	for _, m := range t.marks {
		if !m.Hidden {
			room -= side + gap
		}
	}
	full := fyne.MeasureText(t.view.Name, t.name.TextSize, t.name.TextStyle)
	t.name.Text = cutLike(t.view.Name, room, t.name)
	w := fyne.MeasureText(t.name.Text, t.name.TextSize, t.name.TextStyle).Width
	h := r.plateHeight()
	y := size.Height - h - 10
	x := float32(10 + inset)
	place := func(m *Icon) {
		if !m.Hidden {
			m.Move(fyne.NewPos(x, y+(h-side)/2))
			m.Resize(fyne.NewSquareSize(side))
			x += side + gap
		}
	}
	place(t.marks[0])
	t.name.Move(fyne.NewPos(x, y+(h-full.Height)/2))
	t.name.Resize(fyne.NewSize(w, full.Height))
	x += w + gap
	for _, m := range t.marks[1:] {
		place(m)
	}
	t.plate.Move(fyne.NewPos(10, y))
	t.plate.Resize(fyne.NewSize(x-gap+inset-10, h))
}

// cutLike cuts words to a width in the style of a canvas text.
func cutLike(words string, width float32, like *canvas.Text) string {
	if fyne.MeasureText(words, like.TextSize, like.TextStyle).Width <= width {
		return words
	}
	runes := []rune(words)
	for n := len(runes) - 1; n > 0; n-- {
		if s := string(runes[:n]) + "…"; fyne.MeasureText(s, like.TextSize, like.TextStyle).Width <= width {
			return s
		}
	}
	return ""
}

func (r *tileRenderer) MinSize() fyne.Size { return fyne.NewSize(96, 64) }

func (r *tileRenderer) Refresh() {
	r.apply()
	r.Layout(r.tile.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

func (r *tileRenderer) Objects() []fyne.CanvasObject {
	t := r.tile
	out := []fyne.CanvasObject{t.back, t.raster, t.avatar, t.caption, t.captionIcon}
	for _, c := range t.corners {
		out = append(out, c)
	}
	for i := range t.edges {
		out = append(out, t.edges[i], t.arcs[i])
	}
	out = append(out, t.plate, t.name, t.cornerBox, t.corner, t.turn)
	for _, m := range t.marks {
		out = append(out, m)
	}
	return append(out, t.reaction)
}

func (r *tileRenderer) Destroy() { r.tile.want(0, 0) }
