package theme_test

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"conclave/ui/theme"
)

var update = flag.Bool("update", false, "write assets/icon.png anew from icon.svg")

// The packagers want a PNG; this keeps it the picture of the SVG.
func TestIconIsThePictureOfItsDrawing(t *testing.T) {
	test.NewTempApp(t)
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	img := canvas.NewImageFromResource(theme.AppIcon())
	c.SetContent(img)
	c.Resize(fyne.NewSquareSize(512))
	drawn := c.Capture()
	const path = "../../assets/icon.png"
	if *update {
		var b bytes.Buffer
		if err := png.Encode(&b, drawn); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if kept.Bounds() != drawn.Bounds() {
		t.Fatalf("kept picture is %v, want %v", kept.Bounds(), drawn.Bounds())
	}
	if n := different(kept, drawn); n > 200 {
		t.Errorf("%d pixels differ; run go test ./ui/theme -update", n)
	}
	if _, _, _, a := drawn.At(0, 0).RGBA(); a != 0 {
		t.Error("the corner is not transparent")
	}
}

// different counts pixels that are more than a shade apart; a few differ
// between processors.
func different(a, b image.Image) int {
	n := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, a1 := a.At(x, y).RGBA()
			r2, g2, b2, a2 := b.At(x, y).RGBA()
			if far(r1, r2) || far(g1, g2) || far(b1, b2) || far(a1, a2) {
				n++
			}
		}
	}
	return n
}

func far(a, b uint32) bool { return max(a, b)-min(a, b) > 0x0800 }
