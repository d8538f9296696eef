package fapi

// payer is how a user pays.
type payer struct{}

func (s *Server) billingRoutes() {}
