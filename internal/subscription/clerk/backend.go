// Package clerk is how the subscriptions of Clerk Billing are learned: the Backend API's billing calls, which Clerk's SDK for
// Go lacks, and what their replies mean.
package clerk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"souk/internal/clerkapi"
	"souk/internal/fault"
)

// ErrNoSubscription says that Clerk knows the user, who has no subscription: not even to the free plan.
var ErrNoSubscription = fault.New(fault.Upstream, "clerk_no_subscription", "This user has no subscription at Clerk.")

// Backend asks Clerk's Backend API about billing, and gives what it says as it came. It fails with the faults of clerkapi.
// Safe for concurrent use.
type Backend struct{ api *clerkapi.API }

// NewBackend asks by api.
func NewBackend(api *clerkapi.API) *Backend { return &Backend{api} }

// Subscription is the subscription of a user, with its items. It is ErrNoSubscription when the user has none, and
// clerkapi.ErrUnknown when there is no such user.
func (b *Backend) Subscription(ctx context.Context, userID string) (json.RawMessage, error) {
	text, err := b.api.Get(ctx, nil, "users", userID, "billing", "subscription")
	if err == nil && !bytes.HasPrefix(text, []byte("{")) {
		err = clerkapi.ErrFailed.Because(errors.New("the reply is no subscription"))
	}
	var refusal *clerkapi.Refusal
	if !errors.Is(err, clerkapi.ErrUnknown) || !errors.As(err, &refusal) {
		return text, err
	}
	about := func(what string) bool {
		return slices.ContainsFunc(refusal.Codes, func(code string) bool { return strings.Contains(code, what) })
	}
	if about("user") {
		return nil, err
	}
	if !about("subscription") && !about("payer") { // resource_not_found: it may be either
		if _, err := b.api.Get(ctx, nil, "users", userID); err != nil {
			return nil, err
		}
	}
	return nil, ErrNoSubscription.Because(refusal)
}

// Page is a part of a list.
type Page struct {
	Items []json.RawMessage
	Total int // of the whole list, as Clerk counts it
}

// How many items a page has at most, such that it stays below the megabyte that is read.
const (
	PlansPage      = 50
	StatementsPage = 20
	AttemptsPage   = 50
)

// Plans is the page of plans for users that follows the first offset ones.
func (b *Backend) Plans(ctx context.Context, offset int) (Page, error) {
	query := paging(PlansPage, offset)
	query.Set("payer_type", "user")
	return b.page(ctx, query, "billing", "plans")
}

// Statements is the page of statements, of all users, that follows the first offset ones.
func (b *Backend) Statements(ctx context.Context, offset int) (Page, error) {
	return b.page(ctx, paging(StatementsPage, offset), "billing", "statements")
}

// Attempts is the page of a statement's payment attempts that follows the first offset ones, newest first.
func (b *Backend) Attempts(ctx context.Context, statementID string, offset int) (Page, error) {
	return b.page(ctx, paging(AttemptsPage, offset), "billing", "statements", statementID, "payment_attempts")
}

func paging(limit, offset int) url.Values {
	return url.Values{"paginated": {"true"}, "limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
}

// page reads a list: {"data": [...], "total_count": n}, or an array.
func (b *Backend) page(ctx context.Context, query url.Values, path ...string) (Page, error) {
	text, err := b.api.Get(ctx, query, path...)
	if err != nil {
		return Page{}, err
	}
	var list struct {
		Data  []json.RawMessage `json:"data"`
		Total int               `json:"total_count"`
	}
	if bytes.HasPrefix(text, []byte("[")) {
		err = json.Unmarshal(text, &list.Data)
	} else if err = json.Unmarshal(text, &list); err == nil && list.Data == nil {
		err = errors.New("there is no data")
	}
	if err != nil {
		return Page{}, clerkapi.ErrFailed.Because(fmt.Errorf("the reply of %s is no list: %w", strings.Join(path, "/"), err))
	}
	return Page{Items: list.Data, Total: list.Total}, nil
}
