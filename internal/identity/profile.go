package identity

import (
	"context"
	"errors"

	"souk/internal/db"
)

// Caller finds the user of verified claims: its profile is made on first use, and refreshed when a claim says something
// new. A claim that is absent never wipes a value. A deactivated user is ErrDeactivated.
func (s *Service) Caller(ctx context.Context, c Claims) (Caller, error) {
	p, err := profileBySubject(ctx, s.DB, c.Subject)
	if errors.Is(err, db.ErrNoRows) || err == nil && p.IsActive && differs(p, c) {
		p, err = upsertProfile(ctx, s.DB, c, s.Now())
	}
	if err != nil {
		return Caller{}, err
	}
	if !p.IsActive {
		return Caller{}, ErrDeactivated
	}
	return Caller{Claims: c, Profile: p}, nil
}

func differs(p Profile, c Claims) bool {
	news := func(have, claim string) bool { return claim != "" && claim != have }
	return news(p.Email, c.Email) || news(p.FirstName, c.FirstName) || news(p.LastName, c.LastName) || news(p.ImageURL, c.ImageURL)
}
