package identity_test

import (
	"strings"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/fault"
	"souk/internal/identity"
)

func TestSellersAreNormalised(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := identity.New(identity.Deps{DB: d, Now: time.Now})
		for subject, want := range map[string]string{
			" Ana@Example.test ": "ana@example.test", "user_2aBc": "user_2aBc",
			"": "", "ana": "", "user_": "", "user_a b": "", "user_ä": "", "a@b@c": "", "Ana <ana@example.test>": "",
			"user_" + strings.Repeat("a", 251): "", "user_a\x00": "",
		} {
			for range 2 { // the second time it is there already
				got, err := s.AddSeller(t.Context(), subject)
				if got.Subject != want || (err == nil) != (want != "") || err != nil && fault.KindOf(err) != fault.Invalid {
					t.Errorf("%q: %q, %v", subject, got.Subject, err)
				}
			}
		}
		list, err := s.Sellers(t.Context())
		if err != nil || len(list) != 2 || list[0].Subject != "ana@example.test" || list[1].Subject != "user_2aBc" {
			t.Errorf("%v, %v", list, err)
		}
		for subject, want := range map[string]fault.Kind{"ANA@example.test": 0, "ben@example.test": fault.NotFound, "": fault.Invalid} {
			if err := s.RemoveSeller(t.Context(), subject); err != nil && fault.KindOf(err) != want || err == nil && want != 0 {
				t.Errorf("remove %q: %v", subject, err)
			}
		}
		// Nobody without an e-mail address is taken for somebody on the list.
		for c, ok := range map[string]bool{"user_2aBc": true, "user_2abc": false, "": false} {
			if err := s.MaySell(t.Context(), identity.Caller{Claims: identity.Claims{Subject: c}}); (err == nil) != ok {
				t.Errorf("%q may sell: %v", c, err)
			}
		}
	})
}
