package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
)

// iconFile is the program's icon, 512 by 512.
const iconFile = "assets/icon.png"

// icons writes the icon in the sizes of the freedesktop icon theme.
func icons(share, id string) error {
	icon, err := readIcon()
	if err != nil {
		return err
	}
	for _, size := range []int{16, 32, 48, 64, 128, 256, 512} {
		var b bytes.Buffer
		if err := png.Encode(&b, scaled(icon, size)); err != nil {
			return err
		}
		to := filepath.Join(share, fmt.Sprintf("icons/hicolor/%dx%d/apps/%s.png", size, size, id))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return copyFile("assets/icon.svg", filepath.Join(share, "icons/hicolor/scalable/apps", id+".svg"), 0o644)
}

func readIcon() (image.Image, error) {
	data, err := os.ReadFile(iconFile)
	if err != nil {
		return nil, fmt.Errorf("read icon: %w", err)
	}
	icon, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read icon: %w", err)
	}
	return icon, nil
}

func scaled(icon image.Image, size int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(out, out.Bounds(), icon, icon.Bounds(), draw.Src, nil)
	return out
}

// ico writes the icon in Windows' format: uncompressed up to 64 pixels, which
// every reader takes, and PNG for the largest.
func ico(icon image.Image) ([]byte, error) {
	sizes := []int{16, 24, 32, 48, 64, 256}
	pictures := make([][]byte, 0, len(sizes))
	for _, size := range sizes {
		p := bitmap(scaled(icon, size))
		if size == 256 {
			var b bytes.Buffer
			if err := png.Encode(&b, scaled(icon, size)); err != nil {
				return nil, err
			}
			p = b.Bytes()
		}
		pictures = append(pictures, p)
	}
	le := binary.LittleEndian
	out := le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, 0), 1), uint16(len(sizes)))
	at := uint32(6 + 16*len(sizes))
	for i, size := range sizes {
		out = append(out, byte(size), byte(size), 0, 0) // 256 is written as 0
		out = le.AppendUint16(le.AppendUint16(out, 1), 32)
		out = le.AppendUint32(le.AppendUint32(out, uint32(len(pictures[i]))), at)
		at += uint32(len(pictures[i]))
	}
	for _, p := range pictures {
		out = append(out, p...)
	}
	return out, nil
}

// bitmap is a picture as a device-independent bitmap of 32 bits with its mask,
// bottom row first.
func bitmap(p *image.NRGBA) []byte {
	size := p.Bounds().Dx()
	le := binary.LittleEndian
	out := le.AppendUint32(nil, 40)
	out = le.AppendUint32(le.AppendUint32(out, uint32(size)), uint32(2*size)) // picture and mask
	out = le.AppendUint16(le.AppendUint16(out, 1), 32)
	out = append(out, make([]byte, 24)...)
	for y := size - 1; y >= 0; y-- {
		for x := range size {
			c := p.NRGBAAt(x, y)
			out = append(out, c.B, c.G, c.R, c.A)
		}
	}
	return append(out, make([]byte, size*((size+31)/32*4))...) // the mask: all drawn
}
