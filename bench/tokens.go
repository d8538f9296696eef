package main

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
)

// tokens: what verifying a session token costs, from the Go benchmarks of the verifier. A fresh one and crypto/rsa alone take
// turns inside one benchmark, which reports their medians.
func (b *bench) tokens(ctx context.Context) error {
	args := []string{"test", "./internal/identity/clerk", "-run", "^$", "-bench", "VerifyCached|VerifyFresh", "-count", strconv.Itoa(b.rounds)}
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	least := func(pattern string) (float64, error) {
		found := math.Inf(1)
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(out, -1) {
			ns, err := strconv.ParseFloat(string(m[1]), 64)
			if err != nil {
				return 0, err
			}
			found = min(found, ns)
		}
		if math.IsInf(found, 1) {
			return 0, fmt.Errorf("no %s in %s", pattern, out)
		}
		return found, nil
	}
	cached, err := least(`BenchmarkVerifyCached\S*\s+\d+\s+([\d.]+) ns/op`)
	if err != nil {
		return err
	}
	fresh, err := least(`([\d.]+) fresh-ns`)
	if err != nil {
		return err
	}
	alone, err := least(`([\d.]+) rsa-ns`)
	if err != nil {
		return err
	}
	b.add(row{what: "verifying a cached token, µs", value: cached / 1000, limit: 2, most: true})
	b.add(row{
		what: "verifying a fresh one, against crypto/rsa", measured: fmt.Sprintf("%.1f µs", fresh/1000), beside: fmt.Sprintf("%.1f µs", alone/1000),
		value: fresh / alone, limit: 1.5, most: true,
	})
	return nil
}
