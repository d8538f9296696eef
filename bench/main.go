// Command bench measures the shop on loopback and prints a table of ratios beside their limits: bench/run.sh builds what it
// needs and starts it. See README.md for how to read the table.
package main

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// bench is one run.
type bench struct {
	souk, postgres, work string
	round                time.Duration
	rounds               int
	missed               int
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "plain" {
		fail(servePlain(os.Stdin, os.Stdout))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "hooks" {
		fail(serveHooks(os.Getenv("DATABASE_URL"), os.Stdout))
		return
	}
	b := new(bench)
	seconds := flag.Int("seconds", 3, "length of a measurement, in `seconds`")
	flag.IntVar(&b.rounds, "rounds", 3, "measurements of each side; the median counts")
	flag.StringVar(&b.souk, "souk", "bin/souk", "the stripped program")
	flag.StringVar(&b.postgres, "postgres", "", "`URL` of a PostgreSQL server with fsync on")
	flag.StringVar(&b.work, "work", os.TempDir(), "`folder` for the databases")
	only := flag.String("only", "", "run only this `part`: process, catalog, size, orders, webhooks, tokens, upload")
	flag.Parse()
	b.round = time.Duration(*seconds) * time.Second
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	fmt.Println(header)
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"process", b.process}, {"catalog", b.catalog}, {"size", b.size}, {"orders", b.orders}, {"webhooks", b.webhooks}, {"tokens", b.tokens}, {"upload", b.upload},
	} {
		if *only == "" || *only == part.name {
			fail(part.run(ctx))
		}
	}
	if b.missed > 0 {
		fail(fmt.Errorf("%d limits are not reached", b.missed))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) add(r row) {
	fmt.Println(r)
	if !r.ok() {
		b.missed++
	}
}

// process: how soon the program answers, what it holds when idle, and what it weighs.
func (b *bench) process(ctx context.Context) error {
	s, err := b.newShop(ctx, "sqlite", 1000)
	if err != nil {
		return err
	}
	var waits, resident []float64
	for range max(b.rounds, 3) {
		p, err := s.serve(ctx)
		if err != nil {
			return err
		}
		_, _, err = get(ctx, p.url+"/api/products/?limit=24")
		waits = append(waits, milliseconds(time.Since(p.started)))
		var mib float64
		if err == nil {
			time.Sleep(time.Second)
			mib, err = p.memoryMiB("VmRSS")
		}
		p.stop()
		if err != nil {
			return err
		}
		resident = append(resident, mib)
	}
	b.add(row{what: "first answer after start, 1,000 products, ms", engine: "sqlite", value: median(waits), limit: 300, most: true})
	b.add(row{what: "idle resident memory, MiB", engine: "sqlite", value: median(resident), limit: 50, most: true})
	info, err := os.Stat(b.souk)
	if err != nil {
		return err
	}
	b.add(row{what: "stripped binary, MB", value: float64(info.Size()) / 1e6, limit: 45, most: true})
	return b.static()
}

// static counts what the binary would load at start: an interpreter, shared libraries.
func (b *bench) static() error {
	file, err := elf.Open(b.souk)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	libraries, err := file.ImportedLibraries()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return err
	}
	loaded := len(libraries)
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			loaded++
		}
	}
	b.add(row{what: "shared libraries that it needs", value: float64(loaded), limit: 0, most: true})
	return nil
}

// catalog: the public pages over HTTP against a handler that writes the same bytes from memory.
func (b *bench) catalog(ctx context.Context) error {
	for _, engine := range []string{"sqlite", "postgres"} {
		s, err := b.newShop(ctx, engine, 1000)
		if err != nil {
			return err
		}
		p, err := s.serve(ctx)
		if err != nil {
			return err
		}
		err = errors.Join(
			b.againstPlain(ctx, "catalog list of 24", engine, p.url, "/api/products/?limit=24"),
			b.againstPlain(ctx, "product detail", engine, p.url, "/api/products/product-500/"),
		)
		p.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) againstPlain(ctx context.Context, what, engine, shop, path string) error {
	body, _, err := get(ctx, shop+path)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	memory, err := start(ctx, bytes.NewReader(body), nil, self, "plain")
	if err != nil {
		return err
	}
	defer memory.stop()
	rate, beside, err := compare(b.rounds,
		func() (float64, error) { return wrk(ctx, shop+path, connections, b.round, "") },
		func() (float64, error) { return wrk(ctx, memory.url+path, connections, b.round, "") })
	if err != nil {
		return err
	}
	b.add(atLeast(what+", against plain net/http", engine, rate, beside, 0.6))
	return nil
}
