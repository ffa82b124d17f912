package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"
	"github.com/skip2/go-qrcode"
)

// QR shows a QR code, always black on white with the quiet zone of four
// modules that readers need (ISO/IEC 18004), each module a whole number of
// pixels.
type QR struct {
	fwidget.BaseWidget
	content string
	bits    [][]bool
	side    float32
	raster  *canvas.Raster
}

// NewQR returns an empty code with a least side length.
func NewQR(side float32) *QR {
	q := &QR{side: side}
	q.raster = canvas.NewRaster(q.draw)
	q.raster.ScaleMode = canvas.ImageScalePixels
	q.ExtendBaseWidget(q)
	return q
}

// Set changes what the code says; "" shows nothing.
func (q *QR) Set(content string) {
	if q.content == content {
		return
	}
	q.content, q.bits = content, nil
	if content != "" {
		if code, err := qrcode.New(content, qrcode.Medium); err == nil {
			q.bits = code.Bitmap()
		}
	}
	q.Refresh()
}

// Content returns what the code says.
func (q *QR) Content() string { return q.content }

func (q *QR) draw(w, h int) image.Image {
	side := min(w, h)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	if len(q.bits) == 0 || side < len(q.bits) {
		return img
	}
	n := len(q.bits) // quiet zone included
	module := side / n
	left, top := (w-module*n)/2, (h-module*n)/2
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			mx, my := (x-left)/module, (y-top)/module
			if x >= left && y >= top && mx < n && my < n && q.bits[my][mx] {
				c = color.RGBA{0, 0, 0, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// HeightFor implements Heighter: a code is a square.
func (q *QR) HeightFor(width float32) float32 { return width }

// MinSize implements fyne.CanvasObject.
func (q *QR) MinSize() fyne.Size { return fyne.NewSquareSize(q.side) }

// Refresh redraws.
func (q *QR) Refresh() { q.raster.Refresh() }

// CreateRenderer implements fyne.Widget.
func (q *QR) CreateRenderer() fyne.WidgetRenderer { return fwidget.NewSimpleRenderer(q.raster) }
