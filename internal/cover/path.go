package cover

import (
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/vector"
)

// point is in the units of a cover.
type point struct{ x, y float64 }

// segment goes on to a point: straight, or by two control points.
type segment struct {
	curved       bool
	one, two, to point
}

// path is a closed outline.
type path struct {
	start    point
	segments []segment
}

// write is the outline in SVG's words. They tell the way from point to point, so that shapes that are the same at two places are the
// same text, which compresses well.
func (p path) write(b *strings.Builder) {
	fmt.Fprintf(b, "M%s %s", tenths(p.start.x), tenths(p.start.y))
	at := p.start
	for _, s := range p.segments {
		command, points := 'l', []point{s.to}
		if s.curved {
			command, points = 'c', []point{s.one, s.two, s.to}
		}
		for _, to := range points {
			fmt.Fprintf(b, "%c%s %s", command, tenths(rounded(to.x)-rounded(at.x)), tenths(rounded(to.y)-rounded(at.y)))
			command = ' '
		}
		at = s.to
	}
	b.WriteByte('z')
}

// rounded is a coordinate as it is written.
func rounded(x float64) float64 { return math.Round(x*10) / 10 }

func tenths(x float64) string { return strconv.FormatFloat(rounded(x)+0, 'f', -1, 64) }

// trace draws the outline, scaled and moved.
func (p path) trace(r *vector.Rasterizer, scale float64, by point) {
	at := func(q point) (x, y float32) { return float32(q.x*scale + by.x), float32(q.y*scale + by.y) }
	r.MoveTo(at(p.start))
	for _, s := range p.segments {
		x, y := at(s.to)
		if s.curved {
			x1, y1 := at(s.one)
			x2, y2 := at(s.two)
			r.CubeTo(x1, y1, x2, y2, x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
}

// bounds are pixels that the outline is within, scaled and moved.
func (p path) bounds(scale float64, by point) image.Rectangle {
	low, high := p.start, p.start
	for _, s := range p.segments {
		for _, at := range []point{s.one, s.two, s.to} {
			if s.curved || at == s.to {
				low = point{min(low.x, at.x), min(low.y, at.y)}
				high = point{max(high.x, at.x), max(high.y, at.y)}
			}
		}
	}
	return image.Rect(
		int(math.Floor(low.x*scale+by.x)), int(math.Floor(low.y*scale+by.y)), int(math.Ceil(high.x*scale+by.x)), int(math.Ceil(high.y*scale+by.y)),
	)
}

func polygon(points ...point) path {
	p := path{start: points[0]}
	for _, to := range points[1:] {
		p.segments = append(p.segments, segment{to: to})
	}
	return p
}

func rectangle(x, y, width, height float64) path {
	return polygon(point{x, y}, point{x + width, y}, point{x + width, y + height}, point{x, y + height})
}

func diamond(at point, half, tall float64) path {
	return polygon(point{at.x, at.y - tall}, point{at.x + half, at.y}, point{at.x, at.y + tall}, point{at.x - half, at.y})
}

// star has n corners, the first on top; inner is how near its inner corners are, as a part of the radius.
func star(at point, n int, radius, inner float64) path {
	points := make([]point, 2*n)
	for i := range points {
		far := radius
		if i%2 == 1 {
			far *= inner
		}
		points[i] = around(at, far, float64(i)/float64(2*n))
	}
	return polygon(points...)
}

// khatam is the eight-pointed star: two squares, one turned by an eighth.
func khatam(at point, radius float64) path { return star(at, 8, radius, 0.765) }

// square stands on its corner.
func square(at point, radius float64) path { return diamond(at, radius, radius) }

// flower has four leaves.
func flower(at point, radius float64) path {
	k, far, side := radius*0.32, radius*1.22, radius*0.8
	p := path{start: point{at.x + k, at.y - k}}
	p.curve(point{at.x + far, at.y - side}, point{at.x + far, at.y + side}, point{at.x + k, at.y + k})
	p.curve(point{at.x + side, at.y + far}, point{at.x - side, at.y + far}, point{at.x - k, at.y + k})
	p.curve(point{at.x - far, at.y + side}, point{at.x - far, at.y - side}, point{at.x - k, at.y - k})
	p.curve(point{at.x - side, at.y - far}, point{at.x + side, at.y - far}, point{at.x + k, at.y - k})
	return p
}

// around is the point at a distance, by parts of a turn from the top.
func around(at point, radius, turn float64) point {
	return point{at.x + radius*math.Sin(turn*2*math.Pi), at.y - radius*math.Cos(turn*2*math.Pi)}
}

// bend is how far the control points of a quarter of a circle are from its ends.
const bend = 0.5523

func circle(at point, radius float64) path {
	k := radius * bend
	p := path{start: point{at.x, at.y - radius}}
	p.curve(point{at.x + k, at.y - radius}, point{at.x + radius, at.y - k}, point{at.x + radius, at.y})
	p.curve(point{at.x + radius, at.y + k}, point{at.x + k, at.y + radius}, point{at.x, at.y + radius})
	p.curve(point{at.x - k, at.y + radius}, point{at.x - radius, at.y + k}, point{at.x - radius, at.y})
	p.curve(point{at.x - radius, at.y - k}, point{at.x - k, at.y - radius}, point{at.x, at.y - radius})
	return p
}

// quarter is a quarter of a disc whose corner is at a point and whose sides go by dx and dy.
func quarter(at point, dx, dy float64) path {
	if dx*dy < 0 { // all turn one way round, so that two that overlap leave no hole
		p := polygon(at, point{at.x, at.y + dy})
		p.curve(point{at.x + dx*bend, at.y + dy}, point{at.x + dx, at.y + dy*bend}, point{at.x + dx, at.y})
		return p
	}
	p := polygon(at, point{at.x + dx, at.y})
	p.curve(point{at.x + dx, at.y + dy*bend}, point{at.x + dx*bend, at.y + dy}, point{at.x, at.y + dy})
	return p
}

// petal is a leaf between two points, as wide as it is said.
func petal(from, to point, width float64) path {
	dx, dy := to.x-from.x, to.y-from.y
	length := math.Hypot(dx, dy)
	nx, ny := -dy/length*width, dx/length*width
	middle := point{(from.x + to.x) / 2, (from.y + to.y) / 2}
	left, right := point{middle.x + nx, middle.y + ny}, point{middle.x - nx, middle.y - ny}
	p := path{start: from}
	p.curve(left, left, to)
	p.curve(right, right, from)
	return p
}

// scallop is a round hanging piece of an awning.
func scallop(x, y, width, height float64) path {
	r := width / 2
	p := polygon(point{x, y}, point{x + width, y}, point{x + width, y + height})
	p.curve(point{x + width, y + height + r*bend}, point{x + r + r*bend, y + height + r}, point{x + r, y + height + r})
	p.curve(point{x + r - r*bend, y + height + r}, point{x, y + height + r*bend}, point{x, y + height})
	return p
}

// arch is a horseshoe door: its walls stand at both sides of x and go down to bottom, its round is about y.
func arch(x, y, radius, bottom float64) path {
	wall := radius * 0.86
	foot := y + radius*0.51
	k := radius * bend
	p := polygon(point{x - wall, bottom}, point{x - wall, foot})
	p.curve(point{x - radius*1.02, y + radius*0.3}, point{x - radius, y + radius*0.1}, point{x - radius, y})
	p.curve(point{x - radius, y - k}, point{x - k, y - radius}, point{x, y - radius})
	p.curve(point{x + k, y - radius}, point{x + radius, y - k}, point{x + radius, y})
	p.curve(point{x + radius, y + radius*0.1}, point{x + radius*1.02, y + radius*0.3}, point{x + wall, foot})
	p.segments = append(p.segments, segment{to: point{x + wall, bottom}})
	return p
}

func (p *path) curve(one, two, to point) {
	p.segments = append(p.segments, segment{true, one, two, to})
}
