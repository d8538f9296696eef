package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"time"
	_ "time/tzdata" // the image for production has no files of time zones

	"souk/internal/db"
	"souk/internal/fault"
)

// OfferChange says what to write; a nil field keeps its value.
type OfferChange struct {
	SessionMinutes, RevisionCount *int64
	DeliveryDays                  Null
	Timezone                      *string
	OnboardingInstructions        *string
	Metadata                      json.RawMessage
}

// DefaultSessionMinutes is the length of a session that the seller did not set.
const DefaultSessionMinutes = 60

func (c OfferChange) apply(o *ServiceOffer) error {
	var checks fault.Checks
	set(c.SessionMinutes, &o.SessionMinutes)
	checks.Add(o.SessionMinutes >= 5 && o.SessionMinutes <= 1440, "body.session_minutes", "must be between 5 and 1440")
	set(c.Timezone, &o.Timezone)
	checks.Add(isTimezone(o.Timezone), "body.timezone", "must be the IANA name of a time zone, such as Europe/Berlin")
	set(c.RevisionCount, &o.RevisionCount)
	checks.Add(o.RevisionCount >= 0 && o.RevisionCount <= 1000, "body.revision_count", "must be between 0 and 1000")
	c.DeliveryDays.apply(&o.DeliveryDays)
	checks.Add(within(o.DeliveryDays, 3650), "body.delivery_days", "must be between 1 and 3650, or null")
	checks.Text("body.onboarding_instructions", c.OnboardingInstructions, &o.OnboardingInstructions, 0, 10000)
	if c.Metadata != nil {
		o.Metadata = c.Metadata
	}
	return checks.Err()
}

// isTimezone says whether a name is in the IANA database, which the program carries. No machine's own zone is meant, nor what
// machines keep beside the zones (posix/Europe/Berlin, localtime), nor the placeholder Factory: browsers know none of them.
func isTimezone(name string) bool {
	if name == "" || len(name) > 64 || name[0] < 'A' || name[0] > 'Z' || name == "Local" || name == "Factory" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// SetOffer writes the offer of seller's service product, and makes it when there is none. With whole, a field that is
// not given takes its default; otherwise it keeps its value.
func (s *Service) SetOffer(ctx context.Context, seller, productID int64, c OfferChange, whole bool) (o ServiceOffer, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := lockProduct(ctx, tx, seller, productID)
		if err != nil {
			return db.NotFound(err, errNoProduct)
		}
		if p.ProductType != TypeService {
			return fault.InvalidField("path.id", "must be a product of the type service")
		}
		o, err = s.ensureOffer(ctx, tx, productID)
		if err != nil {
			return err
		}
		if whole {
			o = ServiceOffer{ID: o.ID, ProductID: productID, SessionMinutes: DefaultSessionMinutes, Timezone: "UTC", Metadata: json.RawMessage("{}"), CreatedAt: o.CreatedAt}
		}
		if err := c.apply(&o); err != nil {
			return err
		}
		o.UpdatedAt = s.Now()
		return updateOffer(ctx, tx, o)
	})
	return o, err
}

// ensureOffer gives the product's offer, made with the defaults when there is none.
func (s *Service) ensureOffer(ctx context.Context, tx *db.Tx, productID int64) (ServiceOffer, error) {
	o, err := offerOfProduct(ctx, tx, productID)
	if errors.Is(err, db.ErrNoRows) {
		if err := insertOffer(ctx, tx, productID, DefaultSessionMinutes, s.Now()); err != nil {
			return ServiceOffer{}, err
		}
		return offerOfProduct(ctx, tx, productID)
	}
	return o, err
}

// Offer gives the offer of seller's product.
func (s *Service) Offer(ctx context.Context, seller, productID int64) (ServiceOffer, error) {
	if _, err := s.Product(ctx, seller, productID); err != nil {
		return ServiceOffer{}, err
	}
	o, err := offerOfProduct(ctx, s.DB, productID)
	return o, db.NotFound(err, errNoOffer)
}

// OfferOfProduct gives the offer of a service product that was sold, whoever sells it, made with the defaults when the
// seller never set one: who paid for a session gets one.
func (s *Service) OfferOfProduct(ctx context.Context, tx *db.Tx, productID int64) (ServiceOffer, error) {
	return s.ensureOffer(ctx, tx, productID)
}

// ServiceOffer gives an offer and its product, whoever sells it.
func (s *Service) ServiceOffer(ctx context.Context, q db.Q, id int64) (ServiceOffer, Product, error) {
	o, err := offerByID(ctx, q, id)
	if err != nil {
		return ServiceOffer{}, Product{}, db.NotFound(err, errNoOffer)
	}
	p, err := productByID(ctx, q, o.ProductID)
	return o, p, db.NotFound(err, errNoOffer)
}
