package app

import "context"

// AddSeller lets a user sell when SELLER_ACCESS is allowlist: a Clerk user id, or an e-mail address. It gives the name as
// it is kept.
func (a *App) AddSeller(ctx context.Context, subject string) (string, error) {
	s, err := a.people.AddSeller(ctx, subject)
	return s.Subject, err
}

// RemoveSeller takes a user off the list.
func (a *App) RemoveSeller(ctx context.Context, subject string) error {
	return a.people.RemoveSeller(ctx, subject)
}

// Sellers are those on the list.
func (a *App) Sellers(ctx context.Context) (subjects []string, err error) {
	list, err := a.people.Sellers(ctx)
	for _, s := range list {
		subjects = append(subjects, s.Subject)
	}
	return subjects, err
}
