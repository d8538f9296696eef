// Command souk is the shop: one program that serves it and keeps it. `souk --help` lists what it can do.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"souk/internal/cli"
)

// gcPercent lets the shop's small heap grow further between two collections than Go's 100 does: fewer of them under load,
// for some megabytes. GOGC in the environment wins.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
