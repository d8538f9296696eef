package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// connections is the load of every HTTP measurement.
const connections = 32

// wrk asks url over and over for a while and gives the answers per second. An answer that is no 2xx or 3xx is an error.
// script is the file of a Lua script, or "".
func wrk(ctx context.Context, url string, conns int, d time.Duration, script string, arguments ...string) (float64, error) {
	args := []string{"-t2", "-c" + strconv.Itoa(conns), fmt.Sprintf("-d%ds", int(d.Seconds()))}
	if script != "" {
		args = append(args, "-s", script)
	}
	args = append(append(args, url, "--"), arguments...)
	out, err := exec.CommandContext(ctx, "wrk", args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if bytes.Contains(out, []byte("Non-2xx")) || bytes.Contains(out, []byte("Socket errors")) {
		return 0, fmt.Errorf("wrk %s: %s", url, out)
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "Requests/sec:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(text), 64)
		}
	}
	return 0, fmt.Errorf("wrk says no rate: %s", out)
}

// compare measures a and b in turns, so that what else the machine does meets both, and gives the medians.
func compare(rounds int, a, b func() (float64, error)) (ofA, ofB float64, err error) {
	var as, bs []float64
	for range rounds {
		x, err := a()
		if err != nil {
			return 0, 0, err
		}
		y, err := b()
		if err != nil {
			return 0, 0, err
		}
		as, bs = append(as, x), append(bs, y)
	}
	return median(as), median(bs), nil
}

// calls runs f over and over on n goroutines for a while and gives the calls per second.
func calls(ctx context.Context, n int, d time.Duration, f func(ctx context.Context) error) (float64, error) {
	type count struct {
		done int
		err  error
	}
	counts := make(chan count, n)
	start := time.Now()
	for range n {
		go func() {
			var c count
			for time.Since(start) < d && c.err == nil {
				if c.err = f(ctx); c.err == nil {
					c.done++
				}
			}
			counts <- c
		}()
	}
	total := 0
	var err error
	for range n {
		c := <-counts
		total += c.done
		if c.err != nil {
			err = c.err
		}
	}
	return float64(total) / time.Since(start).Seconds(), err
}
