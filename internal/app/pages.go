package app

import "souk/internal/web"

// page is what the shop's pages know of it. In development they lead to what helps a developer.
func (a *App) page(browser web.Clerk) web.Page {
	page := web.Page{Shop: a.Config.ShopName, Development: a.Config.Development(), Clerk: browser, Portal: a.Config.Clerk.BillingPortalURL}
	if page.Development {
		for _, p := range a.Pages() {
			page.Tools = append(page.Tools, web.Link{Name: p[0], Path: p[1]})
		}
		page.Tools = append(page.Tools, web.Link{Name: "API", Path: "/api/docs/"})
	}
	return page
}
