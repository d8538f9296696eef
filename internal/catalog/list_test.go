package catalog

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"souk/internal/db"
	"souk/internal/dbtest"
)

// fill puts up n published products, one in a thousand of them a service, one in ten without a price.
func fill(t *testing.T, d *db.DB, n int) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO profiles (id, clerk_user_id, created_at, updated_at) VALUES (1, 'user_1', 1, 1)`,
		fmt.Sprintf(`INSERT INTO products (seller_id, name, slug, product_type, visibility, shown_price_cents, sort_name, search_text, created_at, updated_at)
			WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < %d)
			SELECT 1, 'Product', 'product-' || i, CASE WHEN i %% 1000 = 0 THEN 'service' ELSE 'digital' END, 'published',
				CASE WHEN i %% 10 = 0 THEN 9223372036854775807 ELSE i * 7919 %% 10007 END, 'product ' || (i * 7919 %% 10007), 'product ' || i, i * 1000, 1 FROM counted`, n),
		`ANALYZE`,
	} {
		if d.Engine == db.SQLite && statement == `ANALYZE` {
			continue // nobody runs it there; it would make SQLite skip through the indexes with a type
		}
		if _, err := d.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

var plans = map[db.Engine]struct {
	explain string
	sorts   *regexp.Regexp // rows are gathered before they are ordered
	bounded *regexp.Regexp // the index is entered at the cursor
}{
	db.SQLite:   {"EXPLAIN QUERY PLAN ", regexp.MustCompile("TEMP B-TREE|SCAN p$"), regexp.MustCompile(`SEARCH p USING INDEX.*[<>]\?`)},
	db.Postgres: {"EXPLAIN ", regexp.MustCompile("Sort|Seq Scan|Bitmap"), regexp.MustCompile(`Index Cond: .*[<>] (['$\d]|ROW)`)},
}

func explain(ctx context.Context, d *db.DB, query string, args []any) (string, error) {
	lines, err := db.All(ctx, d, func(scan db.Scan) (line string, err error) {
		if d.Engine == db.SQLite {
			var id, parent, unused int64
			err = scan(&id, &parent, &unused, &line)
			return line, err
		}
		err = scan(&line)
		return line, err
	}, plans[d.Engine].explain+query, args...)
	return strings.Join(lines, "\n"), err
}

// A page of the list costs the same however many products there are and wherever it lies, because each order has an index
// that is walked from the cursor on.
func TestEveryOrderOfTheListWalksItsIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 20_000)
		for by, index := range map[string]string{"created_at": "newest", "name": "name", "price": "price"} {
			for _, descending := range []bool{false, true} {
				o := Order{By: by, Descending: descending}
				if by == "price" && descending {
					index = "dearest"
				}
				for productType, prefix := range map[string]string{"": "products_public_", "service": "products_typed_"} {
					for _, compare := range []string{"", "=", o.beyond()} {
						after := Position{Number: 5000, Text: "product 5000", ID: 10_000}
						if by == "price" && compare == "=" {
							after.Number = map[bool]int64{false: math.MaxInt64, true: -1}[descending] // those without a price: many
						}
						query, args := listing{productType: productType, order: o}.query(compare, &after, 25)
						plan, err := explain(t.Context(), d, query, args)
						if err != nil {
							t.Fatal(err)
						}
						p := plans[d.Engine]
						use := prefix + index
						if compare == "=" {
							use = index // of few with one key, either will do
						}
						if !strings.Contains(plan, use) || p.sorts.MatchString(plan) || (compare != "" || d.Engine == db.Postgres) && !p.bounded.MatchString(plan) {
							t.Errorf("%v, type %q, key %q:\n%s", o, productType, compare, plan)
						}
					}
				}
			}
		}
	})
}

func TestAProductWithoutAPriceComesLast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 30)
		for _, descending := range []bool{false, true} {
			products, err := publicProducts(t.Context(), d, listing{order: Order{By: "price", Descending: descending}}, nil, 100)
			if err != nil || len(products) != 30 {
				t.Fatal(len(products), err)
			}
			for i, p := range products {
				if (p.ID%10 == 0) != (i >= 27) {
					t.Errorf("descending %v: product %d is number %d", descending, p.ID, i)
				}
			}
		}
	})
}

func TestFreeSlugFindsAFreeOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 1)
		take := func(text string) {
			t.Helper()
			p := Product{SellerID: 1, Name: "x", Slug: text, ProductType: TypeDigital, Visibility: Draft, Metadata: []byte("{}")}
			if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := insertProduct(ctx, tx, p)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for n, want := range append([]string{"guide"}, numbers("guide-", 2, 40)...) {
			got, err := freeSlug(t.Context(), d, "guide")
			if err != nil || got != want {
				t.Fatalf("%d: %q %v, want %q", n, got, err, want)
			}
			take(got)
		}
		long := strings.Repeat("a", 80)
		take(long)
		if got, err := freeSlug(t.Context(), d, long); err != nil || len(got) != 80 || got == long {
			t.Errorf("%q %v", got, err)
		}
	})
}

func numbers(prefix string, from, to int) (list []string) {
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprint(prefix, n))
	}
	return list
}
