package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is so many requests in a window, written as 300/1m.
type Rate struct {
	Requests int
	Per      time.Duration
}

var errRate = errors.New("must be requests and a window, such as 300/1m")

// UnmarshalText reads the written form.
func (r *Rate) UnmarshalText(text []byte) error {
	requests, window, _ := strings.Cut(strings.TrimSpace(string(text)), "/")
	n, err := strconv.Atoi(requests)
	per, err2 := time.ParseDuration(window)
	if err != nil || err2 != nil || n < 1 || per < time.Second || per > 24*time.Hour {
		return errRate
	}
	r.Requests, r.Per = n, per
	return nil
}

// Rates are the bounds of one group of routes for each caller; all of them hold.
type Rates struct {
	Catalog     []Rate `env:"CATALOG" envDefault:"300/1m"`      // public pages, for each address
	General     []Rate `env:"GENERAL" envDefault:"120/1m"`      // what has no group of its own, for each user
	Order       []Rate `env:"ORDER" envDefault:"10/1m,60/1h"`   // making orders
	Confirm     []Rate `env:"CONFIRM" envDefault:"30/1m"`       // confirming and canceling them
	Booking     []Rate `env:"BOOKING" envDefault:"10/1m"`       // making and changing bookings
	Download    []Rate `env:"DOWNLOAD" envDefault:"30/1m"`      // starting downloads
	BadDownload []Rate `env:"BAD_DOWNLOAD" envDefault:"20/10m"` // download tokens that are none, for each address
	Seller      []Rate `env:"SELLER" envDefault:"300/1m"`       // the seller's routes
	Upload      []Rate `env:"UPLOAD" envDefault:"20/1h"`        // file contents
	BadSignIn   []Rate `env:"BAD_SIGN_IN" envDefault:"60/1m"`   // refused credentials, for each address
}
