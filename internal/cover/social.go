package cover

import (
	"bytes"
	_ "embed" // the font
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// The size of a picture for previews, in pixels: https://ogp.me/ leaves it open, and this is what is shown whole.
const (
	SocialWidth  = 1200
	SocialHeight = 630
)

// Words are what a picture for previews says, each line shortened to what there is room for.
type Words struct {
	Title string // in up to three lines
	Price string // as it is to be read; empty: none
	Shop  string
}

// rakkas is the font of the shop's headings, with Latin letters (rakkas-LICENSE.txt).
//
//go:embed rakkas.ttf
var rakkas []byte

var headings = parse(rakkas)

func parse(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // it is embedded
	}
	return f
}

const (
	cut    = 560 // where the words begin, right of the picture
	margin = 56
)

// PNG is the picture of a seed for previews: the middle of its cover, and words beside it. Words in letters that the font lacks are
// left out, so that there is no row of boxes.
func PNG(seed string, kind Kind, w Words) ([]byte, error) {
	canvas := image.NewRGBA(image.Rect(0, 0, SocialWidth, SocialHeight))
	ground, ink, quiet := rgb(0xfbf6ec), rgb(0x1f2450), rgb(0xb23a1e)
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	paint(canvas.SubImage(image.Rect(0, 0, cut, SocialHeight)).(*image.RGBA), compose(seed, kind), float64(SocialHeight)/Height, point{cut/2 - SocialHeight*2.0/3, 0})
	awning(canvas, image.Rect(cut, 0, SocialWidth, SocialHeight))

	left, width := cut+margin, SocialWidth-cut-2*margin
	if err := write(canvas, w.Shop, 1, 40, quiet, image.Pt(left, 150), width); err != nil {
		return nil, err
	}
	if err := write(canvas, w.Title, 3, 76, ink, image.Pt(left, 260), width); err != nil {
		return nil, err
	}
	if err := write(canvas, w.Price, 1, 48, ink, image.Pt(left, SocialHeight-70), width); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := png.Encode(&out, canvas)
	return out.Bytes(), err
}

// paint fills shapes, scaled and moved, as far as they are on the canvas.
func paint(canvas *image.RGBA, shapes []shape, scale float64, by point) {
	r := vector.NewRasterizer(0, 0)
	for _, one := range shapes {
		area := one.path.bounds(scale, by).Intersect(canvas.Bounds())
		if area.Empty() {
			continue
		}
		r.Reset(area.Dx(), area.Dy())
		one.path.trace(r, scale, point{by.x - float64(area.Min.X), by.y - float64(area.Min.Y)})
		r.Draw(canvas, area, image.NewUniform(one.fill), image.Point{})
	}
}

// awning hangs the shop's sign along the top of an area.
func awning(canvas *image.RGBA, area image.Rectangle) {
	const width = 40
	stripes := []color.RGBA{rgb(0xb23a1e), rgb(0xe9a820)}
	var shapes []shape
	for i := 0; i*width < area.Dx(); i++ {
		shapes = append(shapes, shape{stripes[i%2], scallop(float64(area.Min.X+i*width), 0, width, 34)})
	}
	paint(canvas, shapes, 1, point{})
}

// write sets text in lines from a base line downwards.
func write(canvas *image.RGBA, text string, lines int, size float64, ink color.RGBA, at image.Point, width int) error {
	face, err := opentype.NewFace(headings, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return err
	}
	defer func() { _ = face.Close() }()
	pen := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: face}
	for i, line := range wrap(readable(text), lines, func(s string) bool { return font.MeasureString(face, s).Ceil() <= width }) {
		pen.Dot = fixed.P(at.X, at.Y+int(float64(i)*size*1.05))
		pen.DrawString(line)
	}
	return nil
}

// maxRead bounds the work for a text.
const maxRead = 300

// readable is the text in one line, or "" when the font lacks a letter of it.
func readable(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	runes = runes[:min(len(runes), maxRead)]
	var buffer sfnt.Buffer
	for _, letter := range runes {
		if glyph, err := headings.GlyphIndex(&buffer, letter); err != nil || glyph == 0 {
			return ""
		}
	}
	return string(runes)
}

// wrap breaks a text into at most n lines that fit; what is too long ends in an ellipsis.
func wrap(text string, n int, fits func(string) bool) (lines []string) {
	words := strings.Fields(text)
	for len(words) > 0 && len(lines) < n {
		count := 1
		for count < len(words) && fits(strings.Join(words[:count+1], " ")) {
			count++
		}
		line, rest := strings.Join(words[:count], " "), words[count:]
		if len(lines) == n-1 && len(rest) > 0 || !fits(line) {
			line = shorten(line, fits)
			rest = nil
		}
		lines, words = append(lines, line), rest
	}
	return lines
}

// shorten cuts a text until it fits with an ellipsis.
func shorten(text string, fits func(string) bool) string {
	runes := []rune(text)
	for len(runes) > 0 && !fits(strings.TrimRight(string(runes), " ")+"…") {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}
