package fulfillment

import "context"

// Access gives an address from which the file of the buyer's grant can be loaded for a while, and uses the grant once. What
// is done with the address uses it no more. When storage fails, or has no such file, the grant is not used.
func (s *Service) Access(ctx context.Context, buyer int64, token string) (address string, g Grant, err error) {
	g, asset, err := s.Peek(ctx, buyer, token)
	if err != nil {
		return "", Grant{}, err
	}
	if address, err = s.Catalog.SignContent(ctx, asset, g.Token); err != nil {
		return "", Grant{}, err
	}
	g, err = s.Take(ctx, buyer, token)
	return address, g, err
}
