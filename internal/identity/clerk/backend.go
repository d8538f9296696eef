package clerk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	sdk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"souk/internal/clerkapi"
	"souk/internal/identity"
	"souk/internal/lenient"
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
	if !clerkapi.IsID(id) { // it becomes a part of the path as it is
		return identity.ClerkUser{}, clerkapi.ErrUnknown.Because(fmt.Errorf("%q is no id", id))
	}
	text, err := b.get(ctx, "/users/"+id, nil)
	if err != nil {
		return identity.ClerkUser{}, err
	}
	u, err := readUser(text)
	if err == nil && u.ID != id {
		err = errors.New("the reply is not the user that was asked for")
	}
	if err != nil {
		return identity.ClerkUser{}, clerkapi.ErrFailed.Because(err)
	}
	return u, nil
}

// Users is the page of users that follows the first offset ones, oldest first; shorter than UsersPage on the last. Deletions
// between two pages let the next one miss as many.
func (b *Backend) Users(ctx context.Context, offset int) ([]identity.ClerkUser, error) {
	text, err := b.get(ctx, "/users", &user.ListParams{
		ListParams: sdk.ListParams{Limit: new(int64(UsersPage)), Offset: new(int64(offset))}, OrderBy: new("+created_at"),
	})
	if err != nil {
		return nil, err
	}
	var page []json.RawMessage
	if err := json.Unmarshal(text, &page); err != nil || page == nil {
		return nil, clerkapi.ErrFailed.Because(cmp.Or(err, errors.New("the reply is no list of users")))
	}
	users := make([]identity.ClerkUser, len(page))
	for i, text := range page {
		if users[i], err = readUser(text); err != nil {
			return nil, clerkapi.ErrFailed.Because(err)
		}
	}
	return users, nil
}

// get makes a call of the SDK, and gives the reply as it came. The SDK's own Get and List would refuse a user for one field of
// another type, and List counts all users with every page: a call more, for nothing that is needed.
func (b *Backend) get(ctx context.Context, path string, params sdk.Params) (json.RawMessage, error) {
	if b.api.Key == "" {
		return nil, clerkapi.ErrNotConfigured
	}
	request := sdk.NewAPIRequest(http.MethodGet, path)
	if params != nil {
		request.SetParams(params)
	}
	var got reply
	if err := b.calls.Call(ctx, request, &got); err != nil {
		return nil, clerkapi.Fault(ctx, err)
	}
	return got.text, nil
}

// reply takes what the SDK read.
type reply struct{ text json.RawMessage }

func (r *reply) Read(got *sdk.APIResponse) { r.text = got.RawJSON }

// UnmarshalJSON is called for valid JSON, which Read has kept already.
func (*reply) UnmarshalJSON([]byte) error { return nil }

func readUser(text json.RawMessage) (identity.ClerkUser, error) {
	o, _ := lenient.Parse(text)
	created, _ := o.Time("created_at")
	if o.Text("id") == "" || created == nil {
		return identity.ClerkUser{}, errors.New("the reply is no user: it lacks id or created_at")
	}
	u := identity.ClerkUser{
		ID: o.Text("id"), FirstName: o.Text("first_name"), LastName: o.Text("last_name"), ImageURL: o.Text("image_url", "profile_image_url"),
		PublicMetadata: json.RawMessage(`{}`), CreatedAt: *created, UpdatedAt: *created,
	}
	if email := primaryEmail(o); email != nil {
		u.Email = *email
	}
	for _, e := range o.Objects("email_addresses") {
		if address := e.Text("email_address"); address != "" {
			u.Emails = append(u.Emails, identity.ClerkEmail{Address: address, Verified: e.Object("verification").Text("status") == "verified"})
		}
	}
	if _, ok := lenient.Parse(o["public_metadata"]); ok {
		u.PublicMetadata = o["public_metadata"]
	}
	if updated, _ := o.Time("updated_at"); updated != nil {
		u.UpdatedAt = *updated
	}
	u.LastSignInAt, _ = o.Time("last_sign_in_at")
	return u, nil
}
