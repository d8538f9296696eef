package clerk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	sdk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"souk/internal/clerkapi"
	"souk/internal/identity"
)

// UsersPage is how many users a page has. Metadata is 8 KiB at most, so that a page stays below the megabyte that is read.
const UsersPage = 50

// Backend asks Clerk's Backend API for users. It fails with the faults of clerkapi. Safe for concurrent use.
type Backend struct {
	api   *clerkapi.API
	calls sdk.Backend
}

// NewBackend asks by api.
func NewBackend(api *clerkapi.API) *Backend {
	return &Backend{api, sdk.NewBackend(&sdk.BackendConfig{HTTPClient: api.Client, URL: &api.URL, Key: &api.Key})}
}

// User is the user as Clerk has it now; clerkapi.ErrUnknown when it has none.
func (b *Backend) User(ctx context.Context, id string) (identity.ClerkUser, error) {
	if b.api.Key == "" {
		return identity.ClerkUser{}, clerkapi.ErrNotConfigured
	}
	if !clerkapi.IsID(id) { // the SDK adds it to the path as it is
		return identity.ClerkUser{}, clerkapi.ErrUnknown.Because(fmt.Errorf("%q is no id", id))
	}
	got, err := (&user.Client{Backend: b.calls}).Get(ctx, id)
	if err == nil && got.ID != id {
		err = errors.New("the reply is not the user that was asked for")
	}
	if err != nil {
		return identity.ClerkUser{}, clerkapi.Fault(ctx, err)
	}
	return clerkUser(got), nil
}

// Users is the page of users that follows the first offset ones, oldest first; shorter than UsersPage on the last. Deletions
// between two pages let the next one miss as many.
func (b *Backend) Users(ctx context.Context, offset int) ([]identity.ClerkUser, error) {
	if b.api.Key == "" {
		return nil, clerkapi.ErrNotConfigured
	}
	// The SDK's own List counts the users with every page: a call more, for nothing that is needed.
	request := sdk.NewAPIRequest(http.MethodGet, "/users")
	request.SetParams(&user.ListParams{
		ListParams: sdk.ListParams{Limit: new(int64(UsersPage)), Offset: new(int64(offset))}, OrderBy: new("+created_at"),
	})
	var page userPage
	err := b.calls.Call(ctx, request, &page)
	users := make([]identity.ClerkUser, 0, len(page.users))
	for _, u := range page.users {
		if err == nil && (u == nil || u.ID == "") {
			err = errors.New("the reply holds a user without an id")
		}
		if err == nil {
			users = append(users, clerkUser(u))
		}
	}
	if err != nil {
		return nil, clerkapi.Fault(ctx, err)
	}
	return users, nil
}

// userPage is a list as the API gives it: an array.
type userPage struct {
	sdk.APIResource
	users []*sdk.User
}

func (p *userPage) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &p.users) }

func clerkUser(u *sdk.User) identity.ClerkUser {
	out := identity.ClerkUser{
		ID: u.ID, FirstName: text(u.FirstName), LastName: text(u.LastName), ImageURL: text(u.ImageURL),
		PublicMetadata: json.RawMessage(`{}`), CreatedAt: time.UnixMilli(u.CreatedAt).UTC(), UpdatedAt: time.UnixMilli(u.UpdatedAt).UTC(),
	}
	if bytes.HasPrefix(u.PublicMetadata, []byte("{")) {
		out.PublicMetadata = u.PublicMetadata
	}
	if u.LastSignInAt != nil {
		out.LastSignInAt = new(time.UnixMilli(*u.LastSignInAt).UTC())
	}
	for _, e := range u.EmailAddresses {
		if e == nil || e.EmailAddress == "" {
			continue
		}
		email := identity.ClerkEmail{Address: e.EmailAddress, Verified: e.Verification != nil && e.Verification.Status == "verified"}
		out.Emails = append(out.Emails, email)
		if u.PrimaryEmailAddressID != nil && e.ID == *u.PrimaryEmailAddressID {
			out.Email = email.Address
		}
	}
	for _, email := range out.Emails {
		if out.Email == "" && email.Verified {
			out.Email = email.Address
		}
	}
	if out.Email == "" && len(out.Emails) > 0 {
		out.Email = out.Emails[0].Address
	}
	return out
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
