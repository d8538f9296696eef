// Package project keeps a founder's planning: ideas and what they bring in a month. It owns nothing that is sold.
package project

import (
	"context"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/slug"
)

// Statuses are those a project can have, in the order a project goes through them.
var Statuses = []string{"idea", "building", "live", "paused"}

// Project is one plan. MRRCents is the monthly recurring revenue in hundredths, without a currency.
type Project struct {
	ID               int64
	Name             string
	Slug             string
	Summary          string
	Status           string
	MRRCents         int64
	TargetLaunchDate string // YYYY-MM-DD, or empty
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Change says what to write; a nil field keeps its value.
type Change struct {
	Name, Slug, Summary, Status, TargetLaunchDate *string
	MRRCents                                      *int64
}

var errAbsent = fault.Absent("project")

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB  *db.DB
	Now func() time.Time
}

// List gives up to limit projects of owner, newest first, with ids below before.
func (s *Service) List(ctx context.Context, owner, before int64, limit int) ([]Project, error) {
	return list(ctx, s.DB, owner, before, limit)
}

// Get gives one project of owner.
func (s *Service) Get(ctx context.Context, owner, id int64) (Project, error) {
	p, err := byID(ctx, s.DB, owner, id)
	return p, db.NotFound(err, errAbsent)
}

// Create adds a project. Without a slug, one is made from the name, and numbered when the owner has it already.
func (s *Service) Create(ctx context.Context, owner int64, c Change) (p Project, err error) {
	p = Project{Status: "idea", CreatedAt: s.Now(), UpdatedAt: s.Now()}
	if err := c.apply(&p); err != nil {
		return Project{}, err
	}
	chosen := p.Slug != ""
	for range 100 { // others can take the free slug in between; each round one of them wins
		err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if !chosen {
				if p.Slug, err = freeSlug(ctx, tx, owner, slug.Make(p.Name)); err != nil {
					return err
				}
			}
			p.ID, err = insert(ctx, tx, owner, p)
			return err
		})
		if chosen || !db.IsDuplicate(err) {
			break
		}
	}
	return p, slugTaken(err)
}

// Update writes the given fields.
func (s *Service) Update(ctx context.Context, owner, id int64, c Change) (p Project, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err = lock(ctx, tx, owner, id)
		if err != nil {
			return db.NotFound(err, errAbsent)
		}
		if err := c.apply(&p); err != nil {
			return err
		}
		p.UpdatedAt = s.Now()
		return slugTaken(update(ctx, tx, p))
	})
	return p, err
}

// Delete removes a project for good.
func (s *Service) Delete(ctx context.Context, owner, id int64) error {
	gone, err := remove(ctx, s.DB, owner, id)
	if err == nil && !gone {
		err = errAbsent
	}
	return err
}

// ForgetOwner removes all projects of an owner, in the transaction that erases the owner: nobody else ever saw them.
func (s *Service) ForgetOwner(ctx context.Context, tx *db.Tx, owner int64) error {
	return removeOf(ctx, tx, owner)
}

func slugTaken(err error) error {
	if db.IsDuplicate(err) {
		return fault.New(fault.Conflict, "slug_taken", "Another of your projects has that slug.")
	}
	return err
}

func (c Change) apply(p *Project) error {
	var checks fault.Checks
	checks.Text("body.name", c.Name, &p.Name, 1, 200)
	checks.Text("body.summary", c.Summary, &p.Summary, 0, 5000)
	if c.Slug != nil && *c.Slug != "" { // an empty one is none: it keeps what there is, or is made from the name
		p.Slug = slug.Make(*c.Slug)
		checks.Add(p.Slug != "", "body.slug", "must have a letter or a digit")
	}
	if c.Status != nil {
		p.Status = *c.Status
	}
	if c.MRRCents != nil {
		p.MRRCents = *c.MRRCents
	}
	if c.TargetLaunchDate != nil {
		p.TargetLaunchDate = *c.TargetLaunchDate
		_, err := time.Parse(time.DateOnly, p.TargetLaunchDate)
		checks.Add(p.TargetLaunchDate == "" || err == nil, "body.target_launch_date", "must be a date such as 2026-11-22, or null")
	}
	return checks.Err()
}
