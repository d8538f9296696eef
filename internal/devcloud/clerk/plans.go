package clerk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"
)

// planEntry is a plan in a file that people edit.
type planEntry struct {
	ID          string   `json:"id,omitempty"` // cplan_ and the slug, when it is left out
	Slug        string   `json:"slug"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Monthly     int64    `json:"monthly_cents,omitempty"`
	Annual      int64    `json:"annual_cents,omitempty"`
	TrialDays   int      `json:"trial_days,omitempty"`
	Features    []string `json:"features,omitempty"`
	Default     bool     `json:"default,omitempty"`
}

type planFile struct {
	Plans []planEntry `json:"plans"`
}

// WritePlans is the text of a file that ReadPlans reads.
func WritePlans(plans []Plan) []byte {
	var f planFile
	for _, p := range plans {
		f.Plans = append(f.Plans, planEntry(p))
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		panic(err) // plain texts and numbers
	}
	return text.Bytes()
}

// ReadPlans reads a JSON file of plans. Its error names the fields that are wrong, all of them.
func ReadPlans(text []byte) (plans []Plan, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var f planFile
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the object")
	}
	for _, entry := range f.Plans {
		if entry.ID == "" {
			entry.ID = "cplan_" + entry.Slug
		}
		plans = append(plans, Plan(entry))
	}
	return plans, checkPlans(plans)
}

const (
	maxPlans    = 50
	maxPrice    = 99_999_900 // cents
	maxName     = 100
	maxTrial    = 365
	maxFeatures = 50
)

var (
	slugs   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	planIDs = regexp.MustCompile(`^cplan_[A-Za-z0-9_-]{1,64}$`)
)

func checkPlans(plans []Plan) error {
	var faults []error
	wrong := func(n int, field, must string) {
		faults = append(faults, fmt.Errorf("plans[%d].%s must be %s", n, field, must))
	}
	if len(plans) > maxPlans {
		return fmt.Errorf("plans: there are %d, at most %d are allowed", len(plans), maxPlans)
	}
	defaults, ids, known := 0, map[string]bool{}, map[string]bool{}
	for n, p := range plans {
		if !planIDs.MatchString(p.ID) || ids[p.ID] {
			wrong(n, "id", "cplan_ and letters, digits, _ or -, and be there once")
		}
		if !slugs.MatchString(p.Slug) || known[p.Slug] {
			wrong(n, "slug", "small letters, digits, _ or -, and be there once")
		}
		ids[p.ID], known[p.Slug] = true, true
		if p.Name == "" || utf8.RuneCountInString(p.Name) > maxName {
			wrong(n, "name", fmt.Sprintf("1 to %d characters", maxName))
		}
		if utf8.RuneCountInString(p.Description) > 5*maxName {
			wrong(n, "description", fmt.Sprintf("at most %d characters", 5*maxName))
		}
		for field, cents := range map[string]int64{"monthly_cents": p.Monthly, "annual_cents": p.Annual} {
			if cents != 0 && (cents < 100 || cents > maxPrice) {
				wrong(n, field, fmt.Sprintf("0, which is not sold, or 100 to %d", maxPrice))
			}
		}
		switch {
		case p.Default && (p.Monthly != 0 || p.Annual != 0 || p.TrialDays != 0):
			wrong(n, "default", "of a plan without prices and trial")
		case p.Default:
			defaults++
		case p.Monthly == 0 && p.Annual == 0:
			wrong(n, "monthly_cents", "there, or annual_cents")
		}
		if p.TrialDays < 0 || p.TrialDays > maxTrial {
			wrong(n, "trial_days", fmt.Sprintf("0 to %d", maxTrial))
		}
		if len(p.Features) > maxFeatures {
			wrong(n, "features", fmt.Sprintf("at most %d", maxFeatures))
		}
		for m, slug := range p.Features {
			if !slugs.MatchString(slug) {
				wrong(n, fmt.Sprintf("features[%d]", m), "small letters, digits, _ or -")
			}
		}
	}
	if defaults != 1 && len(faults) == 0 {
		return fmt.Errorf("plans: exactly one is the default, not %d", defaults)
	}
	return errors.Join(faults...)
}
