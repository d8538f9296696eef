package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"souk/internal/fault"
	"souk/internal/project"
)

type projectOut struct {
	ID               int64     `json:"id" example:"7"`
	Name             string    `json:"name" example:"Field recordings"`
	Slug             string    `json:"slug" example:"field-recordings"`
	Summary          string    `json:"summary" example:"A monthly set of sounds."`
	Status           string    `json:"status" enum:"idea,building,live,paused" example:"building"`
	MRR              string    `json:"monthly_recurring_revenue" example:"120.00" doc:"A decimal with two places."`
	TargetLaunchDate *string   `json:"target_launch_date" format:"date" example:"2027-01-15"`
	CreatedAt        time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt        time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func projectWire(p project.Project) projectOut {
	out := projectOut{
		ID: p.ID, Name: p.Name, Slug: p.Slug, Summary: p.Summary, Status: p.Status, CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
		MRR: strconv.FormatInt(p.MRRCents/100, 10) + "." + strconv.FormatInt(100+p.MRRCents%100, 10)[1:],
	}
	if p.TargetLaunchDate != "" {
		out.TargetLaunchDate = &p.TargetLaunchDate
	}
	return out
}

// ProjectFields are what a request may write of a project, besides its name.
type ProjectFields struct {
	Slug             *string          `json:"slug,omitempty" maxLength:"200" nullable:"false" example:"field-recordings" doc:"Made from the name when left out."`
	Summary          *string          `json:"summary,omitempty" maxLength:"5000" nullable:"false"`
	Status           *string          `json:"status,omitempty" enum:"idea,building,live,paused" nullable:"false"`
	MRR              *string          `json:"monthly_recurring_revenue,omitempty" maxLength:"16" nullable:"false" example:"120.00"`
	TargetLaunchDate nullable[string] `json:"target_launch_date,omitempty" example:"2027-01-15"`
	ReadOnly
}

type projectCreate struct {
	Name string `json:"name" minLength:"1" maxLength:"200" example:"Field recordings"`
	ProjectFields
}

type projectPatch struct {
	Name *string `json:"name,omitempty" minLength:"1" maxLength:"200" nullable:"false" example:"Field recordings"`
	ProjectFields
}

func (f ProjectFields) change(name *string) (project.Change, error) {
	c := project.Change{Name: name, Slug: f.Slug, Summary: f.Summary, Status: f.Status}
	if f.MRR != nil {
		cents, err := parseDecimal("body.monthly_recurring_revenue", *f.MRR)
		if err != nil {
			return c, err
		}
		c.MRRCents = &cents
	}
	if f.TargetLaunchDate.Set {
		c.TargetLaunchDate = new("")
		if f.TargetLaunchDate.Value != nil {
			c.TargetLaunchDate = f.TargetLaunchDate.Value
		}
	}
	return c, nil
}

// parseDecimal reads a non-negative decimal with at most two places into hundredths.
func parseDecimal(location, text string) (int64, error) {
	whole, fraction, point := strings.Cut(strings.TrimSpace(text), ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if whole == "" || len(whole) > 12 || len(fraction) > 2 || point && fraction == "" || !digits(whole) || !digits(fraction) {
		return 0, fault.InvalidField(location, "must be a decimal that is not negative, with at most two places, such as 120.00")
	}
	return strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
}

func (a *API) listProjects(ctx context.Context, in *PageIn) (*list[projectOut], error) {
	owner := caller(ctx).Profile.ID
	return byID(a, "/api/projects/", nil, *in,
		func(before int64, limit int) ([]project.Project, error) {
			return a.Projects.List(ctx, owner, before, limit)
		},
		func(p project.Project) int64 { return p.ID }, projectWire)
}

func (a *API) createProject(ctx context.Context, in *body[projectCreate]) (*body[projectOut], error) {
	change, err := in.Body.change(&in.Body.Name)
	if err != nil {
		return nil, err
	}
	p, err := a.Projects.Create(ctx, caller(ctx).Profile.ID, change)
	return &body[projectOut]{projectWire(p)}, err
}

func (a *API) getProject(ctx context.Context, in *IDIn) (*body[projectOut], error) {
	p, err := a.Projects.Get(ctx, caller(ctx).Profile.ID, in.ID)
	return &body[projectOut]{projectWire(p)}, err
}

type patchProjectIn struct {
	IDIn
	Body projectPatch
}

func (a *API) patchProject(ctx context.Context, in *patchProjectIn) (*body[projectOut], error) {
	change, err := in.Body.change(in.Body.Name)
	if err != nil {
		return nil, err
	}
	p, err := a.Projects.Update(ctx, caller(ctx).Profile.ID, in.ID, change)
	return &body[projectOut]{projectWire(p)}, err
}

func (a *API) deleteProject(ctx context.Context, in *IDIn) (*struct{}, error) {
	return nil, a.Projects.Delete(ctx, caller(ctx).Profile.ID, in.ID)
}
