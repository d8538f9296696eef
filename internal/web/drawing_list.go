package web

import "net/url"

// Query is what the list is narrowed by, or where it begins.
func (d drawing) Query(name string) string { return d.query.Get(name) }

// Filtered says that there may be more than what is asked for.
func (d drawing) Filtered() bool {
	return d.Query("product_type") != "" || d.Query("search") != "" || d.Query("cursor") != ""
}

// Found says how many products there are, or, of a list of several pages, on this one.
func (d drawing) Found() (string, error) {
	switch {
	case len(d.Products) == 0:
		return d.T("catalog.found.none")
	case d.Next != "" || d.Query("cursor") != "":
		return d.TN("catalog.onPage", len(d.Products))
	}
	return d.TN("catalog.found", len(d.Products))
}

// Kinds are those of products to choose from.
func (d drawing) Kinds() ([]option, error) {
	return d.options("product_type", "", "catalog.type.all", "digital", "catalog.type.digital", "service", "catalog.type.service")
}

// Orders are the orders of the list to choose from.
func (d drawing) Orders() ([]option, error) {
	return d.options("ordering", "", "catalog.order.newest", "name", "catalog.order.name", "price", "catalog.order.price", "-price", "catalog.order.priceDown")
}

// options are those of a filter: value, key, value, key …
func (d drawing) options(name string, of ...string) (all []option, err error) {
	for i := 0; i+1 < len(of); i += 2 {
		text, err := d.T(of[i+1])
		if err != nil {
			return nil, err
		}
		all = append(all, option{text, of[i] == d.Query(name)})
	}
	return all, nil
}

// ListAt is the address of this list where a cursor is; "" is its beginning.
func (d drawing) ListAt(cursor string) string {
	query := url.Values{}
	for _, name := range []string{"product_type", "search", "ordering"} {
		if value := d.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) == 0 {
		return "/products"
	}
	return "/products?" + query.Encode()
}
