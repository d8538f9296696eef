package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"souk/internal/db"
	"souk/internal/devcloud"
)

// shop is a database with products, and how to run the program on it.
type shop struct {
	engine, databaseURL, home, program string
}

// seller is who sells the products.
const seller = "seller@example.test"

// newShop makes a database of its own with n published products, each with a price.
func (b *bench) newShop(ctx context.Context, engine string, products int) (*shop, error) {
	home, err := os.MkdirTemp(b.work, engine+"-")
	if err != nil {
		return nil, err
	}
	s := &shop{engine: engine, home: home, program: b.souk, databaseURL: "sqlite:///" + filepath.Join(home, "souk.db")}
	if engine == "postgres" {
		name := "bench_" + strings.ToLower(filepath.Base(home)[len(engine)+1:])
		server, err := db.Open(db.Options{URL: b.postgres})
		if err != nil {
			return nil, err
		}
		defer func() { _ = server.Close() }()
		if _, err := server.Exec(ctx, `CREATE DATABASE `+name); err != nil {
			return nil, err
		}
		s.databaseURL = b.postgres[:strings.LastIndex(b.postgres, "/")+1] + name
	}
	fillURL := s.databaseURL
	if engine == "postgres" {
		fillURL += "?statement_timeout=0"
	}
	d, err := db.Open(db.Options{URL: fillURL})
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	return s, fill(ctx, d, products)
}

// fill writes the products with one statement a table: through the API it would take longer than the measuring.
func fill(ctx context.Context, d *db.DB, products int) error {
	const numbers = `WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS BIGINT)) `
	const words = ` A calm, practical guide with worked examples, templates to copy, and a checklist for the first ninety days.`
	statements := []string{
		`INSERT INTO profiles (id, clerk_user_id, email, created_at, updated_at) SELECT 1, '` + devcloud.UserID(seller) + `', '` + seller + `', 1, 1
		 WHERE CAST($1 AS BIGINT) > 0`,
		numbers + `INSERT INTO products (id, seller_id, name, slug, tagline, description, product_type, visibility, feature_keys, chosen_price_id,
			shown_price_id, shown_price_cents, sort_name, search_text, created_at, updated_at)
		 SELECT i, 1, 'Product ' || i, 'product-' || i, 'The ' || i || 'th way to begin', 'Number ' || i || '.` + words + `', 'digital', 'published',
			'["feature_' || i || '"]', i, i, 900 + i % 5000, 'product ' || i, 'product ' || i || '.` + strings.ToLower(words) + `',
			1700000000000000 + i * 1000000, 1700000000000000 + i * 1000000 FROM n`,
		numbers + `INSERT INTO prices (id, product_id, name, amount_cents, currency, billing_period, is_default, created_at, updated_at)
		 SELECT i, i, 'One reader', 900 + i % 5000, 'USD', 'one_time', TRUE, 1700000000000000, 1700000000000000 FROM n`,
		numbers + `INSERT INTO assets (product_id, title, file_path, content_key, file_size_bytes, version_label, created_at, updated_at)
		 SELECT i, 'The guide', 'guide-' || i || '.pdf', 'guide-' || i, 20480, '1.0', 1700000000000000, 1700000000000000 FROM n`,
	}
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s, products); err != nil {
				return fmt.Errorf("fill: %w", err)
			}
		}
		if tx.Engine == db.SQLite {
			return nil
		}
		for _, table := range []string{"profiles", "products", "prices", "assets"} { // the ids above were given by hand
			if _, err := tx.Exec(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), (SELECT max(id) FROM `+table+`))`, table); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `ANALYZE`)
		return err
	})
}

func (s *shop) environ(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "DATABASE_URL=" + s.databaseURL, "DATA_DIR=" + filepath.Join(s.home, "data"),
		"LISTEN_ADDR=127.0.0.1:0", "RATE_LIMIT_ENABLED=false",
	}, more...)
}

func (s *shop) serve(ctx context.Context) (*process, error) {
	return start(ctx, nil, s.environ(), s.program, "serve")
}

// token signs in the user of email at the shop that p serves.
func (s *shop) token(ctx context.Context, p *process, email string) (string, error) {
	cmd := exec.CommandContext(ctx, s.program, "token", "--as", email)
	cmd.Env = s.environ("PUBLIC_URL=" + p.url)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

func get(ctx context.Context, url string) (body []byte, next string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err = io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", url, res.Status, body)
	}
	next, _, _ = strings.Cut(strings.TrimPrefix(res.Header.Get("Link"), "<"), ">")
	return body, next, err
}

// withLimit is the address of a page with another limit.
func withLimit(path string, limit int) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("limit", strconv.Itoa(limit))
	u.RawQuery = q.Encode()
	return u.String()
}
