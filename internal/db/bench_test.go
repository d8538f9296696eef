package db_test

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"

	"souk/internal/db"
)

// BenchmarkSmallTransaction is a durable transaction of one read and two writes on SQLite.
func BenchmarkSmallTransaction(b *testing.B) {
	d, err := db.Open(db.Options{URL: "sqlite:///" + filepath.Join(b.TempDir(), "bench.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		err := d.InTx(b.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := db.All(ctx, tx, db.Value[string], `SELECT subject FROM sellers WHERE subject = $1`, "none"); err != nil {
				return err
			}
			if err := addSeller(ctx, tx, strconv.Itoa(n)); err != nil {
				return err
			}
			return addSeller(ctx, tx, "x"+strconv.Itoa(n))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
