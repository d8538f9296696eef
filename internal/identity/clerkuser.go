package identity

import (
	"encoding/json"
	"time"
)

// ClerkUser is a user as Clerk has it, from a webhook or from the Backend API. Clerk's private metadata is the server's
// secret and its unsafe metadata is the browser's to write: neither is ever read into it.
type ClerkUser struct {
	ID             string
	Email          string // the primary one; else the first verified one, else the first
	Emails         []ClerkEmail
	FirstName      string
	LastName       string
	ImageURL       string
	PublicMetadata json.RawMessage // an object
	CreatedAt      time.Time
	UpdatedAt      time.Time
	LastSignInAt   *time.Time // nil: never
}

// ClerkEmail is one of the user's e-mail addresses.
type ClerkEmail struct {
	Address  string
	Verified bool
}

// Change is all that Clerk says of the user, to be followed. A user without an address keeps the one that the shop knows.
func (u ClerkUser) Change() UserChange {
	c := UserChange{ID: u.ID, FirstName: &u.FirstName, LastName: &u.LastName, ImageURL: &u.ImageURL, PublicMetadata: u.PublicMetadata, UpdatedAt: u.UpdatedAt}
	if u.Email != "" {
		c.Email = &u.Email
	}
	return c
}
