package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

// tokens: what verifying a session token costs, from the Go benchmarks of the verifier: the least of several runs.
func (b *bench) tokens(ctx context.Context) error {
	args := []string{"test", "./internal/identity/clerk", "-run", "^$", "-bench", "VerifyCached|VerifyFresh|RSAAlone", "-count", strconv.Itoa(b.rounds)}
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	nanoseconds := map[string][]float64{}
	for _, m := range regexp.MustCompile(`(?m)^Benchmark(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op`).FindAllSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return err
		}
		nanoseconds[string(m[1])] = append(nanoseconds[string(m[1])], ns)
	}
	for _, name := range []string{"VerifyCached", "VerifyFresh", "RSAAlone"} {
		if len(nanoseconds[name]) == 0 {
			return fmt.Errorf("no Benchmark%s in %s", name, out)
		}
	}
	fresh, alone := slices.Min(nanoseconds["VerifyFresh"]), slices.Min(nanoseconds["RSAAlone"])
	b.add(row{what: "verifying a cached token, µs", value: slices.Min(nanoseconds["VerifyCached"]) / 1000, limit: 2, most: true})
	b.add(row{
		what: "verifying a fresh one, against crypto/rsa", measured: fmt.Sprintf("%.1f µs", fresh/1000), beside: fmt.Sprintf("%.1f µs", alone/1000),
		value: fresh / alone, limit: 1.5, most: true,
	})
	return nil
}
