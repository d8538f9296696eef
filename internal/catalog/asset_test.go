package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/fault"
)

var today = time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC)

// shelf is a catalog with one published product of the seller with profile 1; profile 2 is another seller.
func shelf(t *testing.T, d *db.DB) (*Service, Product) {
	t.Helper()
	for id := 1; id <= 2; id++ {
		if _, err := d.Exec(t.Context(), `INSERT INTO profiles (id, clerk_user_id, created_at, updated_at) VALUES ($1, $2, 1, 1)`, id, fmt.Sprint("user_", id)); err != nil {
			t.Fatal(err)
		}
	}
	s := &Service{DB: d, Now: func() time.Time { return today }}
	p, err := s.CreateProduct(t.Context(), 1, ProductChange{Name: new("Guide"), Visibility: new(Published)})
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestNewKeysLieUnderTheSellersOwnPrefix(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := shelf(t, d)
		add := func(key string) (Asset, error) {
			return s.CreateAsset(t.Context(), 1, p.ID, AssetChange{Title: new("a"), FilePath: &key})
		}
		old, err := add("from/before.pdf")
		if err != nil {
			t.Fatal(err)
		}
		s.OwnPrefix = true
		for key, want := range map[string]fault.Kind{
			"guide.pdf": fault.Invalid, "seller-2/guide.pdf": fault.Invalid, "seller-11/guide.pdf": fault.Invalid, "seller-1x/guide.pdf": fault.Invalid,
			"Seller-1/guide.pdf": fault.Invalid, "seller-1": fault.Invalid, "seller-1/../seller-2/guide.pdf": fault.Invalid,
		} {
			_, err := add(key)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != want || f.Fields[0].Location != "body.file_path" {
				t.Errorf("%s: %v", key, err)
			}
			if !strings.Contains(key, "..") && !strings.Contains(f.Detail, "seller-1/") {
				t.Errorf("%s: the refusal does not tell the prefix: %v", key, err)
			}
		}
		for _, key := range []string{"seller-1/guide.pdf", "from/before.pdf"} {
			if _, err := add(key); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		// What an operator registered for the seller counts as the seller's.
		if _, err := d.Exec(t.Context(), `INSERT INTO storage_key_owners (storage_key, seller_id) VALUES ('imported/a.zip', 1), ('imported/b.zip', 2)`); err != nil {
			t.Fatal(err)
		}
		if _, err := add("imported/a.zip"); err != nil {
			t.Error(err)
		}
		if _, err := add("imported/b.zip"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another's registered key: %v", err)
		}
		if _, err := s.UpdateAsset(t.Context(), 1, old.ID, AssetChange{Title: new("b"), FilePath: new("from/before.pdf")}); err != nil {
			t.Errorf("an old key that stays: %v", err)
		}
		if _, err := s.UpdateAsset(t.Context(), 1, old.ID, AssetChange{FilePath: new("moved.pdf")}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a change to a key outside: %v", err)
		}
	})
}

func TestPastBuyersAreToldOfWhatIsAdded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := shelf(t, d)
		var told []string
		s.AssetAdded = func(_ context.Context, _ *db.Tx, a Asset) error {
			told = append(told, a.Title)
			if a.Title == "refused" {
				return errors.New("no")
			}
			return nil
		}
		add := func(title string, active bool) Asset {
			a, _ := s.CreateAsset(t.Context(), 1, p.ID, AssetChange{Title: &title, FilePath: new("f/" + title), IsActive: &active})
			return a
		}
		shown, hidden := add("shown", true), add("hidden", false)
		add("refused", true)
		for _, c := range []struct {
			id     int64
			change AssetChange
		}{
			{shown.ID, AssetChange{Title: new("renamed")}},
			{shown.ID, AssetChange{IsActive: new(true)}},
			{hidden.ID, AssetChange{VersionLabel: new("2")}},
			{hidden.ID, AssetChange{IsActive: new(true)}},
			{shown.ID, AssetChange{IsActive: new(false)}},
			{shown.ID, AssetChange{IsActive: new(true)}},
		} {
			if _, err := s.UpdateAsset(t.Context(), 1, c.id, c.change); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"shown", "refused", "hidden", "renamed"}; !slices.Equal(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
		if list, err := s.Assets(t.Context(), 1, p.ID, 1<<62, 10); err != nil || len(list) != 2 {
			t.Errorf("a file whose buyers could not be told was kept: %v %v", list, err)
		}
	})
}

// A purchase and a file that is added at the same time: the purchase reads the file, or the file's addition sees the purchase.
func TestAPurchaseAndANewFileDoNotMissEachOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := shelf(t, d)
		// The purchases of this test are rows that anything can stand in for: sellers' names.
		s.AssetAdded = func(ctx context.Context, tx *db.Tx, a Asset) error {
			n, err := db.One(ctx, tx, db.Value[int64], `SELECT count(*) FROM sellers WHERE subject = $1`, a.Title)
			if err == nil && n == 1 {
				_, err = tx.Exec(ctx, `INSERT INTO sellers (subject, created_at) VALUES ($1, 1)`, a.Title+" has it")
			}
			return err
		}
		for round := range 30 {
			name := fmt.Sprint("purchase ", round)
			start, done := make(chan struct{}), make(chan error, 2)
			go func() {
				<-start
				done <- d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO sellers (subject, created_at) VALUES ($1, 1)`, name); err != nil {
						return err
					}
					files, err := s.ActiveAssets(ctx, tx, p.ID)
					if err == nil && slices.ContainsFunc(files, func(a Asset) bool { return a.Title == name }) {
						_, err = tx.Exec(ctx, `INSERT INTO sellers (subject, created_at) VALUES ($1, 1)`, name+" has it")
					}
					return err
				})
			}()
			go func() {
				<-start
				_, err := s.CreateAsset(t.Context(), 1, p.ID, AssetChange{Title: &name, FilePath: new(fmt.Sprint("f/", round))})
				done <- err
			}()
			close(start)
			if err := errors.Join(<-done, <-done); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := db.One(t.Context(), d, db.Value[int64], `SELECT count(*) FROM sellers WHERE subject LIKE '% has it'`); err != nil || n != 30 {
			t.Errorf("%d of 30 purchases have the file: %v", n, err)
		}
	})
}

func TestOffersAreOnlyWhatCanBeBought(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := shelf(t, d)
		price := func(active bool) int64 {
			t.Helper()
			r, err := s.CreatePrice(t.Context(), 1, p.ID, PriceChange{Name: new("p"), AmountCents: new(int64(100)), Currency: new("USD"), IsActive: &active})
			if err != nil {
				t.Fatal(err)
			}
			return r.ID
		}
		a, b, c, off := price(true), price(true), price(true), price(false)
		offers, err := s.Offers(t.Context(), d, []int64{c, a, c, b, a})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, o := range offers {
			got = append(got, o.Price.ID)
			if o.Product.ID != p.ID || o.Product.SellerID != 1 || o.Product.Slug != "guide" || o.Price.Currency != "USD" {
				t.Errorf("offer %v", o)
			}
		}
		if !slices.Equal(got, []int64{c, a, c, b, a}) {
			t.Errorf("offers %v", got)
		}
		if none, err := s.Offers(t.Context(), d, nil); err != nil || len(none) != 0 {
			t.Errorf("no ids: %v %v", none, err)
		}
		for _, ids := range [][]int64{{off}, {a, off}, {a, 99999}, {0}, {-1}} {
			if _, err := s.Offers(t.Context(), d, ids); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v: %v", ids, err)
			}
		}
		for _, v := range []string{Draft, Archived} {
			if _, err := s.UpdateProduct(t.Context(), 1, p.ID, ProductChange{Visibility: &v}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Offers(t.Context(), d, []int64{a}); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", v, err)
			}
		}
	})
}

func TestChangedIsCalledAfterTheCommitOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := shelf(t, d)
		calls := 0
		s.Changed = func() { calls++ }
		if _, err := s.UpdateProduct(t.Context(), 1, p.ID, ProductChange{Name: new(" ")}); err == nil || calls != 0 {
			t.Errorf("a refused change: %v, %d calls", err, calls)
		}
		boom := errors.New("boom")
		err := d.InTx(t.Context(), func(ctx context.Context, _ *db.Tx) error {
			if _, err := s.UpdateProduct(ctx, 1, p.ID, ProductChange{Name: new("Other")}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || calls != 0 {
			t.Errorf("a change that was rolled back: %v, %d calls", err, calls)
		}
		if _, err := s.UpdateProduct(t.Context(), 1, p.ID, ProductChange{Name: new("Other")}); err != nil || calls != 1 {
			t.Errorf("a change: %v, %d calls", err, calls)
		}
	})
}
