package main

import (
	"context"
	"fmt"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
)

const (
	few  = 1_000
	many = 100_000
	page = 24
)

// size: the public list with 100,000 products against that with 1,000, and its last page against the first. Over HTTP the
// answers are cached, so the reading itself is measured too, below the cache.
func (b *bench) size(ctx context.Context) error {
	for _, engine := range []string{"sqlite", "postgres"} {
		small, err := b.newShop(ctx, engine, few)
		if err != nil {
			return err
		}
		large, err := b.newShop(ctx, engine, many)
		if err != nil {
			return err
		}
		if err := b.sizeOverHTTP(ctx, small, large); err != nil {
			return err
		}
		if err := b.sizeOfReading(ctx, small, large); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) sizeOverHTTP(ctx context.Context, small, large *shop) error {
	first := fmt.Sprintf("/api/products/?limit=%d", page)
	p, err := small.serve(ctx)
	if err != nil {
		return err
	}
	defer p.stop()
	q, err := large.serve(ctx)
	if err != nil {
		return err
	}
	defer q.stop()
	last, err := lastPage(ctx, q.url)
	if err != nil {
		return err
	}
	load := func(url string) func() (float64, error) {
		return func() (float64, error) { return wrk(ctx, url, connections, b.round, "") }
	}
	rate, beside, err := compare(b.rounds, load(q.url+first), load(p.url+first))
	if err != nil {
		return err
	}
	b.add(atLeast("list of 24, 100,000 products against 1,000", large.engine, rate, beside, 0.9))
	if rate, beside, err = compare(b.rounds, load(q.url+last), load(q.url+first)); err != nil {
		return err
	}
	b.add(atLeast("its last page against its first", large.engine, rate, beside, 0.9))
	return nil
}

// lastPage walks the list in large steps and gives the address of its last page of 24.
func lastPage(ctx context.Context, shop string) (path string, err error) {
	next := "/api/products/?limit=200"
	for range many/200 - 1 {
		if _, next, err = get(ctx, shop+next); err != nil {
			return "", err
		}
	}
	for next != "" { // the last 200, page by page
		path = withLimit(next, page)
		if _, next, err = get(ctx, shop+path); err != nil {
			return "", err
		}
	}
	return path, nil
}

func (b *bench) sizeOfReading(ctx context.Context, small, large *shop) error {
	s, err := reader(small)
	if err != nil {
		return err
	}
	defer func() { _ = s.DB.Close() }()
	l, err := reader(large)
	if err != nil {
		return err
	}
	defer func() { _ = l.DB.Close() }()
	newest := catalog.Order{By: "created_at", Descending: true}
	end := &catalog.Position{Number: 1700000000000000 + (page+1)*1000000, ID: page + 1} // behind it are the oldest 24
	read := func(c *catalog.Service, after *catalog.Position) func() (float64, error) {
		return func() (float64, error) {
			return calls(ctx, 4, b.round, func(ctx context.Context) error {
				products, err := c.Public(ctx, catalog.Filter{}, newest, after, page)
				if err == nil && len(products) != page {
					err = fmt.Errorf("a page of %d products", len(products))
				}
				if err == nil {
					_, err = c.ShownPrices(ctx, products)
				}
				return err
			})
		}
	}
	rate, beside, err := compare(b.rounds, read(l, nil), read(s, nil))
	if err != nil {
		return err
	}
	b.add(atLeast("reading a page, 100,000 against 1,000", large.engine, rate, beside, 0.9))
	if rate, beside, err = compare(b.rounds, read(l, end), read(l, nil)); err != nil {
		return err
	}
	b.add(atLeast("reading the last page against the first", large.engine, rate, beside, 0.9))
	return nil
}

// reader is the catalog on the shop's database, without the HTTP and the cache above it.
func reader(s *shop) (*catalog.Service, error) {
	d, err := db.Open(db.Options{URL: s.databaseURL})
	return &catalog.Service{DB: d, Now: time.Now}, err
}
