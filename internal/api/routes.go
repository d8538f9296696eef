package api

import "net/http"

const (
	get   = http.MethodGet
	post  = http.MethodPost
	put   = http.MethodPut
	patch = http.MethodPatch
	del   = http.MethodDelete

	created   = http.StatusCreated
	noContent = http.StatusNoContent
	conflict  = http.StatusConflict
)

// routes is every address of the API, with who may call it.
func (a *API) routes() {
	a.publicRoutes()
	a.callerRoutes()
	a.accountRoutes()
	a.bookingRoutes()
	a.sellerCatalogRoutes()
	a.sellerOrderRoutes()
	a.projectRoutes()
}

func (a *API) publicRoutes() {
	add(a, route{method: get, path: "/api/health/", access: public, id: "getHealth", tag: "public",
		summary: "Whether the shop works"}, a.getHealth)
}

func (a *API) callerRoutes() {
}

func (a *API) accountRoutes() {
}

func (a *API) bookingRoutes() {
}

func (a *API) sellerCatalogRoutes() {
}

func (a *API) sellerOrderRoutes() {
}

func (a *API) projectRoutes() {
	add(a, route{method: get, path: "/api/projects/", access: signedIn, id: "listProjects", tag: "projects",
		summary: "Your projects, newest first"}, a.listProjects)
	add(a, route{method: post, path: "/api/projects/", access: signedIn, id: "createProject", tag: "projects", status: created, idempotent: true,
		summary: "Add a project"}, a.createProject)
	add(a, route{method: get, path: "/api/projects/{id}/", access: signedIn, id: "getProject", tag: "projects",
		summary: "One of your projects"}, a.getProject)
	add(a, route{method: patch, path: "/api/projects/{id}/", access: signedIn, id: "updateProject", tag: "projects", errors: []int{conflict},
		summary: "Change a project"}, a.patchProject)
	add(a, route{method: del, path: "/api/projects/{id}/", access: signedIn, id: "deleteProject", tag: "projects", status: noContent,
		summary: "Delete a project"}, a.deleteProject)
}
