package cover

import (
	"image/color"
	"slices"
)

// layouts are the ways in which tiles are laid. Each leaves room in the middle.
var layouts = []func(*drawing, Kind){court, door, carpet, scales, lattice}

// tiles are what a cover repeats, one of them each.
var tiles = []func(at point, radius float64) path{khatam, circle, square, flower}

var middle = point{Width / 2, Height / 2}

// court is a wall of small stars around a great one.
func court(d *drawing, kind Kind) {
	const tile = 50
	second, wide := d.either(), d.either()
	for row := range Height / tile {
		for column := range Width / tile {
			at := point{float64(column)*tile + tile/2, float64(row)*tile + tile/2}
			d.add(d.p.deep, d.tile(at, tile*0.46))
			if second == ((row+column)%2 == 0) {
				d.add(d.p.bright, khatam(at, tile*0.2))
			} else {
				d.add(d.p.accent, diamond(at, tile*0.17, tile*0.17))
			}
		}
	}
	d.add(d.p.ground, khatam(middle, 138))
	d.add(d.p.paper, khatam(middle, 124))
	d.add(d.p.deep, khatam(middle, 110))
	for i := range 8 {
		turn := float64(i) / 8
		if wide {
			d.add(d.p.bright, petal(around(middle, 52, turn), around(middle, 104, turn), 15))
			d.add(d.p.accent, petal(around(middle, 58, turn+1.0/16), around(middle, 80, turn+1.0/16), 8))
		} else {
			d.add(d.p.bright, diamond(around(middle, 86, turn), 10, 10))
			d.add(d.p.accent, circle(around(middle, 72, turn+1.0/16), 7))
		}
	}
	d.medallion(middle, 50, kind)
}

// door is a horseshoe arch in a tiled wall, with the sun behind it.
func door(d *drawing, kind Kind) {
	const tile = 40
	for row := range 8 {
		for column := range 10 {
			at := point{float64(column)*tile + tile/2, float64(row)*tile + 10}
			d.add(d.p.deep, d.tile(at, tile*0.44))
		}
	}
	for row := range 8 {
		for column := range 10 {
			at := point{float64(column)*tile + tile/2, float64(row)*tile + 10}
			fill := d.p.accent
			if (row+column)%2 == 0 {
				fill = d.p.bright
			}
			d.add(fill, khatam(at, tile*0.18))
		}
	}
	d.add(d.p.paper, arch(200, 138, 132, Height+1))
	d.add(d.p.accent, arch(200, 138, 118, Height+1))
	d.add(d.p.deep, arch(200, 138, 106, Height+1))
	if sun := (point{200, 214}); d.either() {
		d.add(d.p.accent, circle(sun, 84))
		d.add(d.p.bright, circle(sun, 62))
	} else {
		for i := range 16 {
			d.add(d.p.accent, petal(around(sun, 44, float64(i)/16), around(sun, 88, float64(i)/16), 9))
		}
		d.add(d.p.bright, circle(sun, 58))
	}
	for i, star := range []point{{150, 78}, {200, 58}, {248, 84}, {122, 124}, {280, 130}} {
		d.add(d.p.paper, khatam(star, 5+float64(i%2)*3))
	}
	d.add(d.p.ground, rectangle(108, 268, 184, 33))
	d.medallion(point{200, 210}, 44, kind)
}

// carpet is woven in bands around a lozenge.
func carpet(d *drawing, kind Kind) {
	band := func(at point) path { return diamond(at, 20, 16) }
	if d.either() {
		band = func(at point) path { return d.tile(at, 16) }
	}
	d.add(d.p.deep, rectangle(0, 0, Width, 44), rectangle(0, Height-44, Width, 44))
	for i := range 11 {
		x := float64(i) * 40
		for _, y := range []float64{22, Height - 22} {
			d.add(d.p.bright, band(point{x, y}))
			d.add(d.p.accent, diamond(point{x, y}, 9, 7))
		}
	}
	d.add(d.p.paper, rectangle(0, 44, Width, 6), rectangle(0, Height-50, Width, 6))
	for i := range 21 { // teeth
		x := float64(i) * 20
		d.add(d.p.accent, polygon(point{x - 10, 50}, point{x + 10, 50}, point{x, 64}))
		d.add(d.p.accent, polygon(point{x - 10, Height - 50}, point{x + 10, Height - 50}, point{x, Height - 64}))
	}
	for _, x := range []float64{52, Width - 52} {
		for _, y := range []float64{108, 150, 192} {
			d.add(d.p.deep, d.tile(point{x, y}, 19))
			d.add(d.p.bright, d.tile(point{x, y}, 9))
		}
	}
	field, room := func(half float64) path { return diamond(middle, half, half*0.7) }, 36.0
	if d.either() {
		field, room = func(half float64) path { return khatam(middle, half*0.72) }, 43
		for _, x := range []float64{94, Width - 94} {
			for _, y := range []float64{129, 171} {
				d.add(d.p.deep, d.tile(point{x, y}, 19))
				d.add(d.p.accent, d.tile(point{x, y}, 9))
			}
		}
	}
	d.add(d.p.deep, field(118))
	d.add(d.p.paper, field(106))
	d.add(d.p.accent, field(97))
	d.add(d.p.deep, field(80))
	d.medallion(middle, room, kind)
}

// scales are rows of rounds, as on roofs, under a sun.
func scales(d *drawing, kind Kind) {
	sun := point{200, 112}
	d.add(d.p.deep, circle(sun, 104))
	d.add(d.p.accent, circle(sun, 88))
	rays := 12 + 6*d.dice.IntN(3)
	for i := range rays {
		turn := float64(i) / float64(rays)
		d.add(d.p.bright, petal(around(sun, 58, turn), around(sun, 86, turn), 120/float64(rays)))
	}
	d.medallion(sun, 54, kind)
	rows := []color.RGBA{d.p.deep, d.p.bright, d.p.paper, d.p.accent}
	first := d.dice.IntN(4)
	rows = slices.Concat(rows[first:], rows[:first])
	const size = 50.0
	for row := range 3 {
		y, shift := 200+float64(row)*34, float64(row%2)*size/2
		for column := -1; column < 9; column++ {
			at := point{float64(column)*size + shift + size/2, y}
			d.add(rows[(row+1)%4], circle(at, size/2))
			d.add(rows[row%4], circle(at, size/3))
			d.add(rows[(row+2)%4], d.tile(at, size/6))
		}
		d.add(rows[row%4], rectangle(0, y+26, Width, Height))
	}
}

// lattice is made of quarters that turn from tile to tile.
func lattice(d *drawing, kind Kind) {
	const tile = 50.0
	turned, leaves := d.dice.IntN(2), d.either()
	var deep, first, second, small []path
	for row := range 6 {
		for column := range 8 {
			x, y := float64(column)*tile, float64(row)*tile
			if (row+column)%2 == 0 {
				deep = append(deep, rectangle(x, y, tile, tile))
			}
			// The pattern is the same to all four sides.
			left, top := column < 4, row < 3
			at, dx, dy := point{x, y}, tile, tile
			if left != (turned == 1) {
				at.x, dx = x+tile, -tile
			}
			if top != (turned == 1) {
				at.y, dy = y+tile, -tile
			}
			at.x, at.y = at.x-dx/100, at.y-dy/100 // so that no ground is seen between two of one colour
			if (min(row, 5-row)+min(column, 7-column))%2 == 0 {
				first = append(first, quarter(at, dx*0.92, dy*0.92))
			} else {
				second = append(second, quarter(at, dx*0.92, dy*0.92))
			}
			small = append(small, quarter(at, dx*0.42, dy*0.42))
		}
	}
	d.add(d.p.deep, deep...)
	d.add(d.p.bright, first...)
	d.add(d.p.accent, second...)
	d.add(d.p.paper, small...)
	d.add(d.p.ground, circle(middle, 97))
	d.add(d.p.paper, circle(middle, 82))
	d.add(d.p.deep, circle(middle, 74))
	for i := range 16 {
		if turn := float64(i) / 16; leaves {
			d.add(d.p.bright, petal(around(middle, 48, turn), around(middle, 72, turn), 6))
		} else {
			d.add(d.p.bright, d.tile(around(middle, 62, turn), 5))
		}
	}
	d.medallion(middle, 50, kind)
}

// medallion is what the cover is about, on a disc.
func (d *drawing) medallion(at point, radius float64, kind Kind) {
	on, ink := d.p.paper, d.p.ink
	d.add(on, circle(at, radius))
	switch kind {
	case Service: // an hour
		for i := range 12 {
			d.add(ink, circle(around(at, radius*0.78, float64(i)/12), radius*0.055))
		}
		d.add(d.p.accent, petal(at, around(at, radius*0.62, 0), radius*0.1), petal(at, around(at, radius*0.46, 0.34), radius*0.12))
		d.add(ink, circle(at, radius*0.11))
	case Plan: // again and again
		for i := range 12 {
			turn := float64(i) / 12
			d.add(ink, petal(around(at, radius*0.4, turn), around(at, radius*0.84, turn+0.06), radius*0.1))
		}
		d.add(d.p.accent, khatam(at, radius*0.28))
	default: // a page
		w, h := radius*0.46, radius*0.6
		d.add(ink, polygon(point{at.x - w, at.y - h}, point{at.x + w*0.4, at.y - h}, point{at.x + w, at.y - h*0.55}, point{at.x + w, at.y + h}, point{at.x - w, at.y + h}))
		d.add(d.p.accent, polygon(point{at.x + w*0.4, at.y - h}, point{at.x + w, at.y - h*0.55}, point{at.x + w*0.4, at.y - h*0.55}))
		for i := range 3 {
			d.add(on, rectangle(at.x-w*0.6, at.y-h*0.25+float64(i)*h*0.36, w*1.2*(1-0.2*float64(i%2)), h*0.13))
		}
	}
}
