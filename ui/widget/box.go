package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

func colorOf(w fyne.Widget, name fyne.ThemeColorName) color.Color {
	if name == "" {
		name = theme.ColorNone
	}
	if t, ok := w.(interface{ Theme() fyne.Theme }); ok {
		return t.Theme().Color(name, variant())
	}
	return fyne.CurrentApp().Settings().Theme().Color(name, variant())
}

// BoxStyle is how a box looks, in the theme's colour names.
type BoxStyle struct {
	Fill, Stroke fyne.ThemeColorName
	Width        float32 // of the stroke
	Radius       float32
	Shadow       bool
}

// Box is a rounded rectangle in the theme's colours.
type Box struct {
	fwidget.BaseWidget
	style BoxStyle
	rect  *canvas.Rectangle
}

// NewBox returns a box.
func NewBox(style BoxStyle) *Box {
	b := &Box{style: style, rect: canvas.NewRectangle(color.Transparent)}
	b.ExtendBaseWidget(b)
	return b
}

// Set changes the style.
func (b *Box) Set(style BoxStyle) {
	if b.style != style {
		b.style = style
		b.Refresh()
	}
}

// MinSize is nothing: a box lies behind others.
func (b *Box) MinSize() fyne.Size { return fyne.Size{} }

// CreateRenderer implements fyne.Widget.
func (b *Box) CreateRenderer() fyne.WidgetRenderer {
	r := &boxRenderer{b}
	r.apply()
	return laidOut(r, b.Size())
}

type boxRenderer struct{ box *Box }

func (r *boxRenderer) apply() {
	b := r.box
	b.rect.FillColor = colorOf(b, b.style.Fill)
	b.rect.StrokeColor = colorOf(b, b.style.Stroke)
	b.rect.StrokeWidth = b.style.Width
	b.rect.CornerRadius = b.style.Radius
	b.rect.Shadow = canvas.Shadow{}
	if b.style.Shadow {
		b.rect.Shadow = canvas.Shadow{Color: colorOf(b, theme.ColorShadow), BlurRadius: 18, Offset: fyne.NewPos(0, 4), Variant: canvas.DropShadow}
	}
}

func (r *boxRenderer) Layout(size fyne.Size)        { r.box.rect.Resize(size) }
func (r *boxRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *boxRenderer) Refresh()                     { r.apply(); r.box.rect.Refresh() }
func (r *boxRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.box.rect} }
func (r *boxRenderer) Destroy()                     {}

// Card lies content on a raised surface with a thin border.
func Card(space fyne.ThemeSizeName, content fyne.CanvasObject) *fyne.Container {
	return Stack(NewBox(BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1, Radius: 16}), Pad(space, content))
}

// Tinted lies content on a soft colour.
func Tinted(fill fyne.ThemeColorName, space fyne.ThemeSizeName, content fyne.CanvasObject) *fyne.Container {
	return Stack(NewBox(BoxStyle{Fill: fill, Radius: 12}), Pad(space, content))
}

// Rule is a thin line across.
func Rule() fyne.CanvasObject {
	return Fixed(0, 1, NewBox(BoxStyle{Fill: theme.ColorBorder}))
}

// Icon shows one of the theme's drawings.
type Icon struct {
	fwidget.BaseWidget
	icon  theme.Icon
	color fyne.ThemeColorName
	side  float32 // at text scale 1
	image *canvas.Image
}

// NewIcon returns an icon of a side length in a colour.
func NewIcon(icon theme.Icon, side float32, c fyne.ThemeColorName) *Icon {
	i := &Icon{icon: icon, color: c, side: side, image: &canvas.Image{FillMode: canvas.ImageFillContain}}
	i.ExtendBaseWidget(i)
	return i
}

// Set changes the drawing and its colour.
func (i *Icon) Set(icon theme.Icon, c fyne.ThemeColorName) {
	if i.icon != icon || i.color != c {
		i.icon, i.color = icon, c
		i.Refresh()
	}
}

// MinSize implements fyne.CanvasObject.
func (i *Icon) MinSize() fyne.Size {
	i.ExtendBaseWidget(i)
	return fyne.NewSquareSize(i.side * scaleOf(i))
}

// pixelScale is how many pixels a unit of Fyne's is where an object is shown.
func pixelScale(o fyne.CanvasObject) float32 {
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && c.Scale() > 0 {
		return c.Scale()
	}
	return 1
}

// scaleOf is how much larger than usual text is.
func scaleOf(w interface{ Theme() fyne.Theme }) float32 {
	return w.Theme().Size(theme.SizeBody) / 14
}

// CreateRenderer implements fyne.Widget.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	r := &iconRenderer{i}
	r.apply()
	return laidOut(r, i.Size())
}

type iconRenderer struct{ icon *Icon }

func (r *iconRenderer) apply() {
	side := r.icon.Size().Width
	if side == 0 {
		side = r.icon.MinSize().Width
	}
	// An image without a resource goes on showing the one that it had.
	r.icon.image.Hidden = r.icon.icon == theme.IconNone
	r.icon.image.Resource = r.icon.icon.Resource(colorOf(r.icon, r.icon.color), side*pixelScale(r.icon))
}

func (r *iconRenderer) Layout(size fyne.Size) {
	r.apply()
	r.icon.image.Resize(size)
}
func (r *iconRenderer) MinSize() fyne.Size           { return r.icon.MinSize() }
func (r *iconRenderer) Refresh()                     { r.apply(); r.icon.image.Refresh() }
func (r *iconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.icon.image} }
func (r *iconRenderer) Destroy()                     {}
