package stamp

import (
	"image"
	"time"
)

// narrowest is the least width of a mark in pixels that is worth trying.
const narrowest = 52

// Find returns the marks in a picture of a screen taken at now. A mark counts
// only with its checksum, so a badly decoded picture gives none.
func Find(img *image.RGBA, now time.Time) []Reading {
	var found []Reading
	bars := findBars(img)
	for i, upper := range bars {
		for _, lower := range bars[i+1:] {
			if !alike(upper, lower) {
				continue
			}
			area := image.Rect(upper.Min.X, upper.Min.Y, upper.Max.X, lower.Max.Y)
			if area.Dy()*12 < area.Dx() || area.Dy() > area.Dx() {
				continue
			}
			if r, ok := read(img, upper, lower, now); ok {
				r.Area = area
				found = append(found, r)
				break
			}
		}
	}
	return found
}

// alike: upper and lower may be the two long sides of one frame.
func alike(upper, lower image.Rectangle) bool {
	near := func(a, b int) bool { return a-b <= 4 && b-a <= 4 }
	return near(upper.Min.X, lower.Min.X) && near(upper.Max.X, lower.Max.X) && lower.Min.Y > upper.Max.Y+4
}

// findBars returns the wide magenta bars of img, from top to bottom.
func findBars(img *image.RGBA) []image.Rectangle {
	var open, bars []image.Rectangle
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		var next []image.Rectangle
		for _, run := range runs(img, y) {
			grown := false
			for i, o := range open {
				if o.Max.Y == y && abs(o.Min.X-run.Min.X) <= 4 && abs(o.Max.X-run.Max.X) <= 4 {
					open[i].Max.Y = y + 1
					next = append(next, open[i])
					open = append(open[:i], open[i+1:]...)
					grown = true
					break
				}
			}
			if !grown {
				next = append(next, run)
			}
		}
		bars = append(bars, open...)
		open = next
	}
	return append(bars, open...)
}

func abs(n int) int { return max(n, -n) }

// runs are the magenta stretches of row y that could be a bar.
func runs(img *image.RGBA, y int) []image.Rectangle {
	var out []image.Rectangle
	row := img.Pix[img.PixOffset(img.Rect.Min.X, y):]
	start := -1
	width := img.Rect.Dx()
	for x := 0; x <= width; x++ {
		if x < width && magenta(row[4*x:]) {
			if start < 0 {
				start = x
			}
			continue
		}
		if start >= 0 && x-start >= narrowest {
			out = append(out, image.Rect(img.Rect.Min.X+start, y, img.Rect.Min.X+x, y+1))
		}
		start = -1
	}
	return out
}

func magenta(p []byte) bool {
	r, g, b := int(p[0]), int(p[1]), int(p[2])
	return r > 120 && b > 110 && r-g > 60 && b-g > 50
}

// read samples the cells between the two bars of a frame.
func read(img *image.RGBA, upper, lower image.Rectangle, now time.Time) (Reading, bool) {
	inner := image.Rect(upper.Min.X, upper.Max.Y, upper.Max.X, lower.Min.Y)
	middle := (inner.Min.Y + inner.Max.Y) / 2
	at := func(x int) bool { return magenta(img.Pix[img.PixOffset(x, middle):]) }
	limit := inner.Dy()
	for n := 0; n < limit && at(inner.Min.X); n++ {
		inner.Min.X++
	}
	for n := 0; n < limit && at(inner.Max.X-1); n++ {
		inner.Max.X--
	}
	if inner.Dx() < columns || inner.Dy() < rows {
		return Reading{}, false
	}
	var bits uint64
	for row := range rows {
		for col := range columns {
			x := inner.Min.X + (2*col+1)*inner.Dx()/(2*columns)
			y := inner.Min.Y + (2*row+1)*inner.Dy()/(2*rows)
			p := img.Pix[img.PixOffset(x, y):]
			if int(p[0])+2*int(p[1])+int(p[2]) > 4*128 {
				bits |= 1 << (row*columns + col)
			}
		}
	}
	return decode(bits, now)
}
