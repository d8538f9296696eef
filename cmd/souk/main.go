// Command souk is the shop: one program that serves it and keeps it. `souk --help` lists what it can do.
package main

import (
	"context"
	"os"

	"souk/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
