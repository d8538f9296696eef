// Package cover draws the pictures of products: compositions of zellige, the cut tiles of Morocco, one for each address and always
// the same. A cover is drawn as SVG for pages, and as PNG with words on it for previews elsewhere. It knows nothing of products but
// what it is told to draw.
package cover

import (
	"crypto/sha256"
	"encoding/binary"
	"image/color"
	"math/rand/v2"
	"strings"
)

// Kind is what is in the middle of a cover.
type Kind string

// The kinds: a page, an hour, and a round without end.
const (
	File    Kind = "file"
	Service Kind = "service"
	Plan    Kind = "plan"
)

// The size of a cover in its own units.
const (
	Width  = 400
	Height = 300
)

// shape is an area of one colour.
type shape struct {
	fill color.RGBA
	path path
}

// SVG is the cover of a seed, 4 to 3, at most 2 KB when it is compressed.
func SVG(seed string, kind Kind) []byte {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="800" height="600">`)
	shapes := compose(seed, kind)
	for i := 0; i < len(shapes); {
		fill := shapes[i].fill
		b.WriteString(`<path fill="#` + hex(fill) + `" d="`)
		for ; i < len(shapes) && shapes[i].fill == fill; i++ { // neighbours of one colour are one path
			shapes[i].path.write(&b)
		}
		b.WriteString(`"/>`)
	}
	b.WriteString(`</svg>`)
	return []byte(b.String())
}

func hex(c color.RGBA) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 6)
	for _, part := range []uint8{c.R, c.G, c.B} {
		out = append(out, digits[part>>4], digits[part&15])
	}
	return string(out)
}

// palette is colours that go together: two grounds of one family, three that stand out on both, and the ink for what is on paper.
type palette struct{ ground, deep, bright, paper, accent, ink color.RGBA }

var palettes = []palette{
	{rgb(0x2b3280), rgb(0x1f2450), rgb(0xe9a820), rgb(0xfbf6ec), rgb(0xe0764a), rgb(0x2b3280)}, // the sky after the last call
	{rgb(0xb8431f), rgb(0x8a2a10), rgb(0xf3bd4a), rgb(0xfbeeda), rgb(0x24296b), rgb(0xb8431f)}, // walls at noon
	{rgb(0x2b7262), rgb(0x1d574a), rgb(0xf3bd4a), rgb(0xfbf6ec), rgb(0xd9653b), rgb(0x2b7262)}, // a court with a fountain
	{rgb(0xe9a820), rgb(0xb5740a), rgb(0x1f2450), rgb(0xfffaf0), rgb(0xa8361a), rgb(0x1f2450)}, // spice
	{rgb(0x6b2d5c), rgb(0x481c3e), rgb(0xf0a68a), rgb(0xf7e6c8), rgb(0x7cc9b0), rgb(0x6b2d5c)}, // figs
	{rgb(0xf3e4c6), rgb(0xe6cfa0), rgb(0x2b3280), rgb(0xb23a1e), rgb(0x2f7d6b), rgb(0xf3e4c6)}, // paper
	{rgb(0x1f5468), rgb(0x133a49), rgb(0xf2935f), rgb(0xf7e6bd), rgb(0x8fd6bf), rgb(0x1f5468)}, // the harbour
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255} //nolint:gosec // the bytes of it
}

// compose lays a cover out, the ground first.
func compose(seed string, kind Kind) []shape {
	sum := sha256.Sum256([]byte(seed))
	dice := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), 1)) //nolint:gosec // a picture is no secret
	d := &drawing{p: palettes[dice.IntN(len(palettes))], tile: tiles[dice.IntN(len(tiles))], dice: dice}
	d.add(d.p.ground, rectangle(0, 0, Width, Height))
	layouts[dice.IntN(len(layouts))](d, kind)
	return d.shapes
}

// drawing is a cover on its way.
type drawing struct {
	p      palette
	tile   func(at point, radius float64) path // what is repeated
	dice   *rand.Rand
	shapes []shape
}

// either throws a coin.
func (d *drawing) either() bool { return d.dice.IntN(2) == 0 }

func (d *drawing) add(fill color.RGBA, paths ...path) {
	for _, one := range paths {
		d.shapes = append(d.shapes, shape{fill, one})
	}
}
