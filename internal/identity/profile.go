package identity

import (
	"context"
	"errors"
	"strings"

	"souk/internal/db"
)

// Caller finds the user of verified claims: its profile is made on first use, and refreshed when a claim says something
// new. A claim that is absent never wipes a value, and none overrides what Clerk itself reported: a token may be older. A
// deactivated user is ErrDeactivated.
func (s *Service) Caller(ctx context.Context, c Claims) (Caller, error) {
	p, err := profileBySubject(ctx, s.DB, c.Subject)
	switch {
	case errors.Is(err, db.ErrNoRows):
		err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.newProfile(ctx, tx, c) })
	case err == nil && p.IsActive && differs(p, c):
		err = refreshProfile(ctx, s.DB, c, s.Now())
	case err == nil:
		return active(c, p)
	}
	if err == nil {
		p, err = profileBySubject(ctx, s.DB, c.Subject)
	}
	if err != nil {
		return Caller{}, err
	}
	return active(c, p)
}

// Profile gives a user by the profile's id, also one who was erased. ErrUnknown when there is none.
func (s *Service) Profile(ctx context.Context, id int64) (Profile, error) {
	p, err := profileByID(ctx, s.DB, id)
	return p, db.NotFound(err, ErrUnknown)
}

// Name is what the user is called, or empty.
func (p Profile) Name() string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }

func active(c Claims, p Profile) (Caller, error) {
	if !p.IsActive {
		return Caller{}, ErrDeactivated
	}
	return Caller{Claims: c, Profile: p}, nil
}

func differs(p Profile, c Claims) bool {
	news := func(have, claim string) bool {
		return claim != "" && claim != have && (p.ClerkUpdatedAt == nil || have == "")
	}
	return news(p.Email, c.Email) || news(p.FirstName, c.FirstName) || news(p.LastName, c.LastName) || news(p.ImageURL, c.ImageURL)
}
