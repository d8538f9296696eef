package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is one line of the table. A ratio is of two measurements of the same run.
type row struct {
	what, engine     string
	measured, beside string  // in words, with units
	value, limit     float64 // a ratio that must be at least limit, or (most) an amount that must be at most it
	most             bool
}

func (r row) ok() bool {
	if r.most {
		return r.value <= r.limit
	}
	return r.value >= r.limit
}

func (r row) String() string {
	sign, verdict := "≥", "ok"
	if r.most {
		sign = "≤"
	}
	if !r.ok() {
		verdict = "NOT REACHED"
	}
	return fmt.Sprintf("%-44s %-9s %14s %14s %8.2f  %s %-6g %s", r.what, r.engine, r.measured, r.beside, r.value, sign, r.limit, verdict)
}

var header = fmt.Sprintf("%-44s %-9s %14s %14s %8s  %-8s %s\n%s", "what", "engine", "measured", "beside", "value", "limit", "",
	strings.Repeat("-", 110))

// atLeast is the row of two rates.
func atLeast(what, engine string, rate, beside, limit float64) row {
	return row{what: what, engine: engine, measured: perSecond(rate), beside: perSecond(beside), value: rate / beside, limit: limit}
}

func perSecond(rate float64) string { return fmt.Sprintf("%.0f/s", rate) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
