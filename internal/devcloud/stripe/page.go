package stripe

import "net/http"

func (s *Stripe) pageRoutes(mux *http.ServeMux) {}
