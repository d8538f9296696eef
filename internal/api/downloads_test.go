package api_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"souk/internal/db"
	"souk/internal/souktest"
)

// sale is a file that ana sells and ben bought.
type sale struct {
	*souktest.Shop
	t        *testing.T
	ana, ben *souktest.Client
	asset    int64
	token    string // of ben's download
}

// sold puts up a product with a file of that name and content (none: nothing is uploaded), and lets ben buy it.
func sold(t *testing.T, s *souktest.Shop, filePath, content string) *sale {
	t.Helper()
	b := &sale{Shop: s, t: t, ana: s.As("ana@example.test"), ben: s.As("ben@example.test")}
	product := b.ana.Post("/api/seller/products/", `{"name":"Guide","visibility":"published","max_downloads":3}`).Is(201).Object().ID()
	price := b.ana.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product), `{"name":"One","amount_cents":900,"currency":"USD"}`).Is(201).Object().ID()
	b.asset = b.ana.Post(fmt.Sprintf("/api/seller/products/%d/assets/", product), map[string]any{"title": "Guide", "file_path": filePath}).Is(201).Object().ID()
	if content != "" {
		b.ana.Do("PUT", b.contentPath(), content).Is(200)
	}
	b.token = b.buy(product, price)
	return b
}

// buy writes what a paid order leaves, and gives the token of its download.
func (b *sale) buy(product, price int64) (token string) {
	b.t.Helper()
	customer := b.ben.Get("/api/account/customer/").Is(200).Object().ID()
	seller := b.ana.Get("/api/profile/").Is(200).Object().ID()
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	err := b.DB.InTx(b.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		order, err := db.One(ctx, tx, db.Value[int64], `
			INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, paid_at, created_at, updated_at)
			VALUES ($1, $2, $3, 'fulfilled', 'USD', 900, 900, 'manual', 1, 1, 1) RETURNING id`, token, customer, seller)
		if err != nil {
			return err
		}
		item, err := db.One(ctx, tx, db.Value[int64], `
			INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
				billing_period, quantity, unit_amount_cents, total_amount_cents, created_at, updated_at)
			VALUES ($1, $2, $3, 'guide', 'digital', 'Guide', 'One', 'one_time', 1, 900, 900, 1, 1) RETURNING id`, order, product, price)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO download_grants (token, customer_id, asset_id, order_item_id, max_downloads, created_at, updated_at)
			VALUES ($1, $2, $3, $4, 3, 1, 1)`, token, customer, b.asset, item)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}

func (b *sale) contentPath() string { return fmt.Sprintf("/api/seller/assets/%d/content/", b.asset) }

func accessPath(token string) string { return "/api/account/downloads/" + token + "/access/" }

func (b *sale) address() string {
	b.t.Helper()
	return b.ben.Post(accessPath(b.token), nil).Is(200).Object().Text("download_url")
}

func (b *sale) count() int64 {
	b.t.Helper()
	return b.ben.Get("/api/account/downloads/").Is(200).List()[0].Int("download_count")
}

func (b *sale) sql(statement string, args ...any) {
	b.t.Helper()
	if _, err := b.DB.Exec(b.t.Context(), statement, args...); err != nil {
		b.t.Fatal(err)
	}
}

func TestWhatWasBoughtIsDownloaded(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		text := strings.Repeat("The very bytes. ", 1000)
		b := sold(t, s, "ana/guides/guide.pdf", text)
		answer := b.ben.Post(accessPath(b.token), nil).Is(200).Object()
		grant := answer.Sub("grant")
		if grant.Int("download_count") != 1 || grant.Text("token") != b.token || grant.Text("last_downloaded_at") == "" || grant["can_download"] != true {
			t.Errorf("grant %v", grant)
		}
		address := answer.Text("download_url")
		got := s.Nobody().Get(address).Is(200)
		if string(got.Body) != text || got.Header.Get("ETag") != `"`+sum([]byte(text))+`"` {
			t.Errorf("%d bytes, ETag %s", len(got.Body), got.Header.Get("ETag"))
		}
		if d := got.Header.Get("Content-Disposition"); !strings.Contains(d, `filename="guide.pdf"`) {
			t.Errorf("Content-Disposition %s", d)
		}

		// A client that dies resumes on the same address, and asks for parts as often as it likes: that counts no more.
		part := s.Nobody().With("Range", "bytes=1-").With("If-Range", got.Header.Get("ETag")).Get(address).Is(206)
		if string(part.Body) != text[1:] {
			t.Errorf("the rest has %d bytes", len(part.Body))
		}
		for range 100 {
			if one := s.Nobody().With("Range", "bytes=0-0").Get(address).Is(206); string(one.Body) != "T" {
				t.Errorf("first byte %q", one.Body)
			}
		}
		many := s.Nobody().With("Range", "bytes="+strings.Repeat("0-0,", 49)+"0-0").Get(address).Is(416)
		if many.Header.Get("Content-Type") != "application/problem+json" || many.Header.Get("Content-Range") != fmt.Sprintf("bytes */%d", len(text)) {
			t.Errorf("416 with %v", many.Header)
		}
		head := s.Nobody().Do(http.MethodHead, address, nil).Is(200)
		if len(head.Body) != 0 || head.Header.Get("Content-Length") != fmt.Sprint(len(text)) {
			t.Errorf("HEAD: %v", head.Header)
		}
		if n := b.count(); n != 1 {
			t.Errorf("counted %d times", n)
		}

		// Who holds an address keeps its file while it lives; who asks anew gets the new file.
		b.ana.Do("PUT", b.contentPath(), "new").Is(200)
		if old := s.Nobody().Get(address).Is(200); string(old.Body) != text {
			t.Error("the address leads elsewhere after an upload")
		}
		if now := s.Nobody().Get(b.address()).Is(200); string(now.Body) != "new" {
			t.Errorf("a new address leads to %q", now.Body)
		}
	})
}

func TestUnknownTokensAllLookTheSame(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "x")
		other := s.As("carol@example.test")
		want := string(other.Post(accessPath(b.token), nil).Is(404).Body)
		changed := []byte(b.token)
		changed[0] ^= 1
		tokens := []string{
			string(changed), b.token[:len(b.token)-1], b.token + "A", strings.ToUpper(b.token), strings.ToLower(b.token),
			"x", "%00", "%ff", "%27%20OR%201=1", strings.Repeat("A", 5000),
		}
		for range 10_000 {
			var raw [32]byte
			_, _ = rand.Read(raw[:])
			tokens = append(tokens, base64.RawURLEncoding.EncodeToString(raw[:]))
		}
		if testing.Short() || s.DB.Engine == db.Postgres { // the tokens are the same to every engine
			tokens = tokens[:1000]
		}
		var clients sync.WaitGroup
		for part := range 8 {
			clients.Go(func() {
				for i := part; i < len(tokens); i += 8 {
					a := b.ben.Post(accessPath(tokens[i]), nil)
					if a.Status != 404 || string(a.Body) != want {
						t.Errorf("token %.50s: %d %s", tokens[i], a.Status, a.Body)
					}
				}
			})
		}
		clients.Wait()
		if n := b.count(); n != 0 {
			t.Errorf("counted %d times", n)
		}
	})
}

func TestDownloadsThatDoNotStand(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "x")
		address := b.address()
		for column, codes := range map[string][2]string{
			"is_active = FALSE":                    {"is_active = TRUE", "download_inactive"},
			"expires_at = 1":                       {"expires_at = NULL", "download_expired"},
			"download_count = 3":                   {"download_count = 1", "download_used_up"},
			"max_downloads = 1":                    {"max_downloads = 3", "download_used_up"},
			"is_active = FALSE, max_downloads = 1": {"is_active = TRUE, max_downloads = 3", "download_inactive"},
		} {
			b.sql(`UPDATE download_grants SET ` + column)
			before := b.count()
			if code := b.ben.Post(accessPath(b.token), nil).Is(403).Object().Text("code"); code != codes[1] {
				t.Errorf("%s: %s", column, code)
			}
			if list := b.ben.Get("/api/account/downloads/").List(); list[0]["can_download"] != false {
				t.Errorf("%s: can be downloaded: %v", column, list[0])
			}
			if n := b.count(); n != before {
				t.Errorf("%s: counted", column)
			}
			want := 200
			if codes[1] == "download_inactive" { // an address of before is taken back too
				want = 403
			}
			s.Nobody().Get(address).Is(want)
			b.sql(`UPDATE download_grants SET ` + codes[0])
		}
		s.Nobody().Get(address).Is(200)
		s.Nobody().Post(accessPath(b.token), nil).Is(401)
		b.sql(`UPDATE profiles SET is_active = FALSE WHERE email = 'ben@example.test'`)
		b.ben.Post(accessPath(b.token), nil).Is(401)
	})
}

func TestDownloadLimitIsExact(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "x")
		rounds := 5
		if testing.Short() {
			rounds = 2
		}
		for range rounds {
			b.sql(`UPDATE download_grants SET download_count = 0`)
			statuses := together(32, func(int) *souktest.Answer { return b.ben.Post(accessPath(b.token), nil) })
			if statuses[200] != 3 || statuses[403] != 29 {
				t.Errorf("answers %v", statuses)
			}
			if n := b.count(); n != 3 {
				t.Errorf("counted %d times", n)
			}
		}
	})
}

func TestStorageFailuresCostNoDownload(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "") // nothing is at its file_path
		b.ben.Post(accessPath(b.token), nil).Is(502)
		b.ana.Do("PUT", b.contentPath(), "x").Is(200)
		s.Nobody().Get(b.address()).Is(200)
		if err := os.RemoveAll(filepath.Join(s.Config.DataDir, "files", "ana")); err != nil {
			t.Fatal(err)
		}
		b.ben.Post(accessPath(b.token), nil).Is(502)
		if n := b.count(); n != 1 {
			t.Errorf("counted %d times", n)
		}
	})
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "")
		b.ben.Post(accessPath(b.token), nil).Is(503)
		if n := b.count(); n != 0 {
			t.Errorf("counted %d times", n)
		}
	}, "ASSET_STORAGE_BACKEND=none")
}

func TestFilesPutThereByOtherMeans(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/films/day.mp4", "")
		folder := filepath.Join(s.Config.DataDir, "files", "ana", "films")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "day.mp4"), []byte("moving"), 0o600); err != nil {
			t.Fatal(err)
		}
		got := s.Nobody().Get(b.address()).Is(200)
		if string(got.Body) != "moving" || got.Header.Get("Content-Type") != "video/mp4" {
			t.Errorf("%q as %s", got.Body, got.Header.Get("Content-Type"))
		}
	})
}

func TestHostileFileNames(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "<script>alert(1)</script>")
		for name, saved := range map[string]string{
			`a"b;filename=x.exe.html`: `a"b;filename=x.exe.html`, "drawing.svg": "drawing.svg", "gpj\u202eexe.pdf": "gpjexe.pdf", "Ünïcode – 100%.zip": "Ünïcode – 100%.zip",
		} {
			b.sql(`UPDATE assets SET file_path = $1`, "ana/"+name)
			b.sql(`UPDATE download_grants SET download_count = 0`)
			got := s.Nobody().Get(b.address()).Is(200)
			kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
			if err != nil || kind != "attachment" || params["filename"] != saved {
				t.Errorf("%q: %s", name, got.Header.Get("Content-Disposition"))
			}
			if got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" ||
				strings.Contains(got.Header.Get("Content-Type"), "html") || strings.Contains(got.Header.Get("Content-Type"), "svg") {
				t.Errorf("%q: %v", name, got.Header)
			}
		}
	})
}

func TestHostileFileAddresses(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		b := sold(t, s, "ana/guide.pdf", "x")
		_, query, _ := strings.Cut(b.address(), "?")
		for path, status := range map[string]string{
			"/files/": "403", "/files/ana/guide.pdf": "403", "/files/etc/passwd": "403", "/files/%00": "403", `/files/..\..\x`: "403",
			"/files/" + strings.Repeat("a", 3000): "403", "/files/http://evil.example.test/": "40",
			"/files/../../etc/passwd": "40", "/files//etc/passwd": "40", "/files/%2e%2e/%2e%2e/etc/passwd": "40", "/files/%2e%2e%2fsouk.db": "40",
			"/files/%zz": "400", "/files/%": "400",
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(conn, "GET %s?%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path, query)
			answer, err := io.ReadAll(conn)
			_ = conn.Close()
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+status) {
				t.Errorf("%.40s: %.60q %v", path, answer, err)
			}
		}
		address := b.address()
		for _, changed := range []string{strings.Replace(address, "/files/ana/", "/files/ben/", 1), address + "&exp=9", address + "x"} {
			if got := s.Nobody().Get(changed).Is(403); got.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("403 as %s", got.Header.Get("Content-Type"))
			}
		}
		b.ana.Post(address, `{}`).Is(403)
	})
}
