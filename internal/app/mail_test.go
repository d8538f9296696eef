package app_test

import (
	"net/http"
	"strings"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

// The mailbox is for this machine alone, like every stand-in.
func TestTheMailboxAnswersThisMachineAlone(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	if mails := s.Nobody().Get("/__mail/api/messages").Is(http.StatusOK).List(); len(mails) != 0 {
		t.Errorf("a new mailbox has %v", mails)
	}
	for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via"} {
		s.Nobody().With(header, "127.0.0.1").Get("/__mail/api/messages").Is(http.StatusForbidden)
	}
	if page := s.Nobody().Get("/__mail/messages/").Is(http.StatusOK); !strings.Contains(string(page.Body), "No mail yet") {
		t.Errorf("the page: %s", page.Body)
	}
}
