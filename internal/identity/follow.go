package identity

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
)

// UserChange is what Clerk reported of a user. A nil field was not said and keeps its value.
type UserChange struct {
	ID             string
	Email          *string // the primary one
	FirstName      *string
	LastName       *string
	ImageURL       *string
	PublicMetadata json.RawMessage
	UpdatedAt      time.Time // of the change at Clerk
}

// ErrUnknown says that no profile has a Clerk user id.
var ErrUnknown = fault.Absent("user")

// Key is what an event waits for that needs the user.
func Key(clerkUserID string) string { return "user:" + clerkUserID }

// FollowUser brings a profile in line with what Clerk reported, and makes it if it is new. An older report changes nothing, and
// a user that was erased stays so, whatever comes late. different says that the profile is not as before.
func (s *Service) FollowUser(ctx context.Context, tx *db.Tx, c UserChange) (p Profile, different bool, err error) {
	p, err = lockProfile(ctx, tx, c.ID)
	fresh := errors.Is(err, db.ErrNoRows)
	if fresh {
		if err := s.newProfile(ctx, tx, Claims{Subject: c.ID}); err != nil {
			return Profile{}, false, err
		}
		p, err = lockProfile(ctx, tx, c.ID)
	}
	if err != nil || !p.IsActive || p.ClerkUpdatedAt != nil && !c.UpdatedAt.After(*p.ClerkUpdatedAt) {
		return p, false, err
	}
	before := p
	for _, said := range []struct{ value, into *string }{
		{c.Email, &p.Email}, {c.FirstName, &p.FirstName}, {c.LastName, &p.LastName}, {c.ImageURL, &p.ImageURL},
	} {
		if said.value != nil {
			*said.into = *said.value
		}
	}
	if c.PublicMetadata != nil {
		p.PublicMetadata = c.PublicMetadata
	}
	p.ClerkUpdatedAt, p.UpdatedAt = &c.UpdatedAt, s.Now()
	return p, fresh || !sameUser(before, p), updateProfile(ctx, tx, p)
}

// sameUser says that two profiles tell the same of their user.
func sameUser(a, b Profile) bool {
	var x, y any
	return a.Email == b.Email && a.FirstName == b.FirstName && a.LastName == b.LastName && a.ImageURL == b.ImageURL &&
		json.Unmarshal(a.PublicMetadata, &x) == nil && json.Unmarshal(b.PublicMetadata, &y) == nil && reflect.DeepEqual(x, y)
}

// newProfile makes a profile of what claims say, unless it is there, and tells those that waited for the user.
func (s *Service) newProfile(ctx context.Context, tx *db.Tx, c Claims) error {
	made, err := insertProfile(ctx, tx, c, s.Now())
	if err != nil || !made || s.Arrived == nil {
		return err
	}
	return s.Arrived(ctx, tx, Key(c.Subject))
}

// EraseUser blanks the personal data of a user and deactivates the profile, for good. A user that was never seen leaves a
// tombstone, so that a late report does not bring it to life. Orders stay, and name nobody. It may be done again: what was written
// meanwhile goes too.
func (s *Service) EraseUser(ctx context.Context, tx *db.Tx, clerkUserID string) (Profile, error) {
	if err := s.newProfile(ctx, tx, Claims{Subject: clerkUserID}); err != nil {
		return Profile{}, err
	}
	p, err := lockProfile(ctx, tx, clerkUserID)
	if err != nil {
		return Profile{}, err
	}
	now := s.Now()
	if p.DeletedAt == nil {
		p.DeletedAt = &now
	}
	for _, subject := range []string{p.ClerkUserID, strings.ToLower(p.Email)} {
		if _, err := deleteSeller(ctx, tx, subject); err != nil {
			return Profile{}, err
		}
	}
	p = Profile{
		ID: p.ID, ClerkUserID: p.ClerkUserID, PublicMetadata: json.RawMessage("{}"), Metadata: json.RawMessage("{}"), CreatedAt: p.CreatedAt,
		UpdatedAt: now, DeletedAt: p.DeletedAt,
	}
	if err := updateProfile(ctx, tx, p); err != nil {
		return Profile{}, err
	}
	return p, eraseCustomer(ctx, tx, p.ID, now)
}

// CustomerOf is the buyer account of a Clerk user, made if it is not there, also for one who was erased: what was paid stays
// on record. ErrUnknown when the shop has not heard of the user.
func (s *Service) CustomerOf(ctx context.Context, tx *db.Tx, clerkUserID string) (Customer, error) {
	c, err := customerBySubject(ctx, tx, clerkUserID)
	if !errors.Is(err, db.ErrNoRows) {
		return c, err
	}
	p, err := profileBySubject(ctx, tx, clerkUserID)
	if err != nil {
		return Customer{}, db.NotFound(err, ErrUnknown)
	}
	return insertCustomer(ctx, tx, p, s.Now())
}

// Lock has everybody who changes what a customer holds wait for each other, until tx ends. Lock it before rows of orders and
// subscriptions.
func (s *Service) Lock(ctx context.Context, tx *db.Tx, customerID int64) error {
	return lockCustomerRow(ctx, tx, customerID)
}

// Users gives up to limit profiles that are not erased, by id, with ids above after.
func (s *Service) Users(ctx context.Context, after int64, limit int) ([]Profile, error) {
	return activeProfiles(ctx, s.DB, after, limit)
}

// Erased says whether a Clerk user was erased, and has EraseUser wait until tx ends. Call it before a customer is locked, as EraseUser
// locks the profile first. A user that is not known holds nobody up: ask again when it came to be known meanwhile.
func (s *Service) Erased(ctx context.Context, tx *db.Tx, clerkUserID string) (erased, known bool, err error) {
	p, err := shareProfile(ctx, tx, clerkUserID)
	if errors.Is(err, db.ErrNoRows) {
		return false, false, nil
	}
	return p.DeletedAt != nil, true, err
}

// ClerkUserID is the Clerk user of a profile.
func (s *Service) ClerkUserID(ctx context.Context, profileID int64) (string, error) {
	id, err := clerkUserID(ctx, s.DB, profileID)
	return id, db.NotFound(err, ErrUnknown)
}
