package souktest

import (
	"math"
	"slices"

	"souk/internal/devcloud/mailbox"
)

// Mails are those that the shop has sent, oldest first.
func (s *Shop) Mails() []mailbox.Mail {
	s.t.Helper()
	mails, err := s.Mailbox.List(s.t.Context(), "", math.MaxInt64, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(mails)
	return mails
}
