package media

import "image"

// letterbox returns the largest part of img with the aspect w:h, in its middle,
// and blackens the rest.
func letterbox(img *image.RGBA, w, h int) *image.RGBA {
	iw, ih := img.Rect.Dx(), img.Rect.Dy()
	tw, th := iw, ih
	if iw*h > ih*w {
		tw = max(ih*w/h, 1)
	} else {
		th = max(iw*h/w, 1)
	}
	if tw != iw || th != ih {
		for y := range ih {
			row := img.Pix[y*img.Stride : y*img.Stride+4*iw]
			clear(row)
			for x := 3; x < len(row); x += 4 {
				row[x] = 255
			}
		}
	}
	x, y := (iw-tw)/2, (ih-th)/2
	r := image.Rect(x, y, x+tw, y+th).Add(img.Rect.Min)
	part, ok := img.SubImage(r).(*image.RGBA)
	if !ok {
		return img
	}
	return part
}
