package notice

import (
	"context"
	"maps"
	"slices"
)

// Kind is a sort of mail. Its templates have its name.
type Kind string

// The kinds of mails.
const (
	Receipt        Kind = "receipt"
	Sale           Kind = "sale"
	Transfer       Kind = "transfer"        // an order waits for money that comes by other means
	TransferSeller Kind = "transfer_seller" // and its seller for the money
)

// kind is what there is to know about a Kind.
type kind struct {
	seller bool // it goes to a seller; else to a buyer
	// fill writes what the mail is about into the letter, of what is so now.
	fill func(ctx context.Context, s *Service, n Notice, to person, into *Letter) error
}

var kinds = map[Kind]kind{
	Receipt:        {fill: fillOrder},
	Sale:           {seller: true, fill: fillOrder},
	Transfer:       {fill: fillWaiting},
	TransferSeller: {seller: true, fill: fillWaiting},
}

// Kinds are all of them, by name.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }
