package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

// What is for developers is for this machine alone.
func TestTheStandInsAnswerThisMachineAlone(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	for _, path := range []string{"/__dev/", "/__dev/clock", "/__stripe/", "/__mail/messages/"} {
		s.Nobody().Get(path).Is(http.StatusOK)
		for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via"} {
			s.Nobody().With(header, "127.0.0.1").Get(path).Is(http.StatusForbidden)
		}
	}
	if mails := s.Nobody().Get("/__mail/api/messages").Is(http.StatusOK).List(); len(mails) != 0 {
		t.Errorf("a new mailbox has %v", mails)
	}
	if page := s.Nobody().Get("/__mail/messages/").Is(http.StatusOK); !strings.Contains(string(page.Body), "No mail yet") {
		t.Errorf("the page: %s", page.Body)
	}
}

func TestMailsAreCounted(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	origin := operators(t, s)
	seller := s.As("seller@example.test")
	product := seller.Post("/api/seller/products/", souktest.Object{"name": "Field notes", "visibility": "published"}).Is(http.StatusCreated).Object().ID()
	price := seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product), souktest.Object{"name": "Free", "amount_cents": 0, "currency": "USD"}).
		Is(http.StatusCreated).Object().ID()
	s.As("buyer@example.test").Post("/api/account/orders/create/", souktest.Object{"price_id": price}).Is(http.StatusCreated)
	if series, _ := scrape(t, origin); series[`souk_mails_open{status="pending"}`] != 2 {
		t.Errorf("before: %v", series)
	}
	s.Mailbox.Refuse(1, 550)
	s.Work()
	series, _ := scrape(t, origin)
	sent := series[`souk_mails_total{kind="receipt",outcome="sent"}`] + series[`souk_mails_total{kind="sale",outcome="sent"}`]
	failed := series[`souk_mails_total{kind="receipt",outcome="failed"}`] + series[`souk_mails_total{kind="sale",outcome="failed"}`]
	if sent != 1 || failed != 1 || series[`souk_mails_open{status="pending"}`] != 0 || series[`souk_mails_open{status="failed"}`] != 1 {
		t.Errorf("%v sent, %v failed: %v", sent, failed, series)
	}
}
