package clerk

import (
	"encoding/json"
	"time"

	"souk/internal/identity"
	"souk/internal/lenient"
)

// UserChange reads the data of a user.* webhook: Clerk's User object, or less of it. sent is when the event was, for one that
// does not say when the user changed. ok is false when it names no user.
func UserChange(data lenient.Object, sent time.Time) (c identity.UserChange, ok bool) {
	c = identity.UserChange{
		ID: data.Text("id"), FirstName: data.Said("first_name"), LastName: data.Said("last_name"), ImageURL: data.Said("image_url"),
		Email: primaryEmail(data), UpdatedAt: sent,
	}
	if c.ImageURL == nil {
		c.ImageURL = data.Said("profile_image_url")
	}
	if public := data.Object("public_metadata"); public != nil {
		c.PublicMetadata, _ = json.Marshal(public)
	}
	if at, _ := data.Time("updated_at"); at != nil {
		c.UpdatedAt = *at
	}
	return c, c.ID != ""
}

// primaryEmail is the address that the user chose, else the first verified one, else the first; nil when none is named.
func primaryEmail(data lenient.Object) *string {
	primary := data.Text("primary_email_address_id")
	var first, verified, chosen string
	for _, e := range data.Objects("email_addresses") {
		address := e.Text("email_address")
		if address == "" {
			continue
		}
		if first == "" {
			first = address
		}
		if verified == "" && e.Object("verification").Text("status") == "verified" {
			verified = address
		}
		if primary != "" && e.Text("id") == primary {
			chosen = address
		}
	}
	for _, address := range []string{chosen, verified, first} {
		if address != "" {
			return &address
		}
	}
	return nil
}
