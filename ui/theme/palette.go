package theme

import "image/color"

// palette is one complete set of colours.
type palette struct {
	background, surface, raised, border, input color.NRGBA
	text, muted, disabled                      color.NRGBA
	primary, onPrimary, primarySoft, onSoft    color.NRGBA
	hover, pressed, focus, shadow              color.NRGBA
	tile, onTile, onTileMuted, plate           color.NRGBA
	ok, okSoft, caution, cautionSoft           color.NRGBA
	danger, dangerSoft, info, infoSoft         color.NRGBA
	dangerSolid, onDangerSolid                 color.NRGBA
	okSolid, onOKSolid                         color.NRGBA
	speaking, scrim                            color.NRGBA
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32, a uint8) color.NRGBA {
	c := rgb(v)
	c.A = a
	return c
}

func darkPalette() palette {
	return palette{
		background: rgb(0x0f1220), surface: rgb(0x181d30), raised: rgb(0x252c46), border: rgb(0x323a5a), input: rgb(0x10142a),
		text: rgb(0xeef1fb), muted: rgb(0xaab2cf), disabled: rgb(0x7a82a3),
		primary: rgb(0x4a62ee), onPrimary: rgb(0xffffff), primarySoft: rgb(0x232f66), onSoft: rgb(0xc3d0ff),
		hover: rgba(0xffffff, 0x14), pressed: rgba(0xffffff, 0x26), focus: rgb(0x8fa6ff), shadow: rgba(0, 0x66),
		tile: rgb(0x1c2238), onTile: rgb(0xf4f6fd), onTileMuted: rgb(0xb4bcd8), plate: rgba(0x070910, 0xc8),
		ok: rgb(0x62e3ad), okSoft: rgb(0x0f352a), caution: rgb(0xffcb73), cautionSoft: rgb(0x3b2c0c),
		danger: rgb(0xffa3a8), dangerSoft: rgb(0x481a22), info: rgb(0xaebfff), infoSoft: rgb(0x212b56),
		dangerSolid: rgb(0xd3273f), onDangerSolid: rgb(0xffffff), okSolid: rgb(0x0b7a55), onOKSolid: rgb(0xffffff),
		speaking: rgb(0x4ade9f), scrim: rgba(0x05060c, 0xb4),
	}
}

func lightPalette() palette {
	return palette{
		background: rgb(0xeef0f9), surface: rgb(0xffffff), raised: rgb(0xe9ecf7), border: rgb(0xd3d8ea), input: rgb(0xf8f9fe),
		text: rgb(0x151a2d), muted: rgb(0x545c7a), disabled: rgb(0x8b92ab),
		primary: rgb(0x3448d6), onPrimary: rgb(0xffffff), primarySoft: rgb(0xe3e8ff), onSoft: rgb(0x26369f),
		hover: rgba(0x151a2d, 0x0f), pressed: rgba(0x151a2d, 0x1f), focus: rgb(0x3448d6), shadow: rgba(0x1a2140, 0x22),
		tile: rgb(0x262d47), onTile: rgb(0xf4f6fd), onTileMuted: rgb(0xc0c7df), plate: rgba(0x0b0e1a, 0xc8),
		ok: rgb(0x0a6143), okSoft: rgb(0xd9f5e8), caution: rgb(0x754700), cautionSoft: rgb(0xffefcd),
		danger: rgb(0xa31228), dangerSoft: rgb(0xffe2e5), info: rgb(0x2a3cae), infoSoft: rgb(0xe3e8ff),
		dangerSolid: rgb(0xc81e37), onDangerSolid: rgb(0xffffff), okSolid: rgb(0x0a7350), onOKSolid: rgb(0xffffff),
		speaking: rgb(0x12b07a), scrim: rgba(0x12162a, 0x99),
	}
}

func contrastPalette() palette {
	return palette{
		background: rgb(0x000000), surface: rgb(0x000000), raised: rgb(0x1a1a1a), border: rgb(0xffffff), input: rgb(0x000000),
		text: rgb(0xffffff), muted: rgb(0xf0f0f0), disabled: rgb(0xb0b0b0),
		primary: rgb(0xffe14d), onPrimary: rgb(0x000000), primarySoft: rgb(0x333000), onSoft: rgb(0xfff3a8),
		hover: rgba(0xffffff, 0x30), pressed: rgba(0xffffff, 0x50), focus: rgb(0xffe14d), shadow: rgba(0, 0),
		tile: rgb(0x101010), onTile: rgb(0xffffff), onTileMuted: rgb(0xf0f0f0), plate: rgb(0x000000),
		ok: rgb(0x7dffb8), okSoft: rgb(0x002414), caution: rgb(0xffdd77), cautionSoft: rgb(0x2a1d00),
		danger: rgb(0xffb3b3), dangerSoft: rgb(0x330008), info: rgb(0xc8d8ff), infoSoft: rgb(0x0a1440),
		dangerSolid: rgb(0xff5c6c), onDangerSolid: rgb(0x000000), okSolid: rgb(0x3ddc91), onOKSolid: rgb(0x000000),
		speaking: rgb(0x3dff9d), scrim: rgba(0x000000, 0xd8),
	}
}
