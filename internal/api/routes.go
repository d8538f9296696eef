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
	notFound  = http.StatusNotFound
	conflict  = http.StatusConflict

	badGateway = http.StatusBadGateway
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
	// The way to the payment provider, open to all who have the order's id.
	a.router.Handle("GET /checkout/{public_id}/", http.HandlerFunc(a.checkoutPage))
}

func (a *API) publicRoutes() {
	add(a, route{method: get, path: "/api/health/", access: public, id: "getHealth", tag: "public", unlimited: true,
		summary: "Whether the shop works"}, a.getHealth)
	add(a, route{method: post, path: "/api/webhooks/clerk/", access: public, id: "clerkWebhook", tag: "webhooks", unlimited: true, rawBytes: maxWebhook,
		summary: "Clerk tells of an event, signed by Svix"}, a.clerkWebhook)
	add(a, route{method: post, path: "/api/webhooks/stripe/", access: public, id: "stripeWebhook", tag: "webhooks", unlimited: true, rawBytes: maxWebhook,
		summary: "Stripe tells of an event, signed"}, a.stripeWebhook)
	add(a, route{method: get, path: "/api/products/", access: public, id: "listProducts", tag: "public", cached: true,
		summary: "What the shop sells"}, a.listProducts)
	add(a, route{method: get, path: "/api/products/{slug}/", access: public, id: "getProduct", tag: "public", cached: true,
		summary: "One product, with its prices and files"}, a.getProduct)
	add(a, route{method: get, path: "/api/checkout/{public_id}/", access: public, id: "getCheckout", tag: "public",
		summary: "Whether an order is paid, for whoever has its id; the payment provider is asked"}, a.getCheckout)
}

func (a *API) callerRoutes() {
	add(a, route{method: get, path: "/api/me/", access: signedIn, id: "getMe", tag: "caller",
		summary: "Who you are, by your token"}, a.getMe)
	add(a, route{method: get, path: "/api/profile/", access: signedIn, id: "getProfile", tag: "caller",
		summary: "Your profile"}, a.getProfile)
	add(a, route{method: get, path: "/api/billing/features/", access: signedIn, id: "getBillingFeatures", tag: "caller",
		summary: "The features that you have, or whether you have one"}, a.getFeatures)
	add(a, route{method: get, path: "/api/me/clerk/", access: signedIn, id: "getClerkUser", tag: "caller", errors: []int{badGateway},
		summary: "What Clerk knows of you"}, a.getClerkUser)
	add(a, route{method: get, path: "/api/supabase/profile/", access: signedIn, id: "getSupabaseProfile", tag: "caller", errors: []int{badGateway},
		summary: "Your row of Supabase's profiles table, by your own rights"}, a.getSupabaseProfile)
	add(a, route{method: get, path: "/api/account/customer/", access: signedIn, id: "getCustomer", tag: "account",
		summary: "Your buyer account"}, a.getCustomer)
	add(a, route{method: patch, path: "/api/account/customer/", access: signedIn, id: "updateCustomer", tag: "account",
		summary: "Change your buyer account"}, a.patchCustomer)
}

func (a *API) accountRoutes() {
	add(a, route{method: get, path: "/api/account/orders/", access: signedIn, id: "listOrders", tag: "account",
		summary: "Your orders, newest first"}, a.listOrders)
	add(a, route{method: post, path: "/api/account/orders/create/", access: signedIn, id: "createOrder", tag: "account", limit: orderLimit, status: created, idempotent: true,
		errors: []int{notFound}, summary: "Order one price, or several of one seller"}, a.createOrder)
	add(a, route{method: get, path: "/api/account/orders/{public_id}/", access: signedIn, id: "getOrder", tag: "account",
		summary: "One of your orders"}, a.getOrder)
	add(a, route{method: post, path: "/api/account/orders/{public_id}/confirm/", access: signedIn, id: "confirmOrder", tag: "account", limit: confirmLimit,
		errors: []int{conflict}, summary: "Have the payment of an order checked, and get what was bought"}, a.confirmOrder)
	add(a, route{method: post, path: "/api/account/orders/{public_id}/cancel/", access: signedIn, id: "cancelOrder", tag: "account", limit: confirmLimit,
		errors: []int{conflict}, summary: "Give up an unpaid order"}, a.cancelOrder)
	add(a, route{method: get, path: "/api/account/subscriptions/", access: signedIn, id: "listSubscriptions", tag: "account",
		summary: "Your subscriptions, newest first"}, a.listSubscriptions)
	add(a, route{method: get, path: "/api/account/entitlements/", access: signedIn, id: "listEntitlements", tag: "account",
		summary: "The features that you may use, newest first"}, a.listEntitlements)
	add(a, route{method: get, path: "/api/account/downloads/", access: signedIn, id: "listDownloads", tag: "account",
		summary: "What you may download, newest first"}, a.listDownloads)
	add(a, route{method: post, path: "/api/account/downloads/{token}/access/", access: signedIn, id: "accessDownload", tag: "account", limit: downloadLimit, guessable: true,
		errors: []int{badGateway}, summary: "Get an address to download a file from; counts as one download"}, a.accessDownload)
}

func (a *API) bookingRoutes() {
	add(a, route{method: get, path: "/api/account/bookings/", access: signedIn, id: "listBookings", tag: "account",
		summary: "Your bookings, newest first"}, a.listBookings)
	add(a, route{method: post, path: "/api/account/bookings/", access: signedIn, id: "createBooking", tag: "account", limit: bookingLimit, status: created, idempotent: true,
		errors: []int{notFound, conflict}, summary: "Schedule a paid session, or ask for one"}, a.createBooking)
	add(a, route{method: get, path: "/api/account/bookings/{id}/", access: signedIn, id: "getBooking", tag: "account",
		summary: "One of your bookings"}, a.getBooking)
	add(a, route{method: patch, path: "/api/account/bookings/{id}/", access: signedIn, id: "updateBooking", tag: "account", limit: bookingLimit, errors: []int{conflict},
		summary: "Change the time or the notes of a booking that is not confirmed yet"}, a.patchBooking)
	add(a, route{method: post, path: "/api/account/bookings/{id}/cancel/", access: signedIn, id: "cancelBooking", tag: "account", limit: bookingLimit, errors: []int{conflict},
		summary: "Cancel a booking; a paid session whose time is ahead comes back"}, a.cancelBooking)
	add(a, route{method: get, path: "/api/seller/bookings/", access: seller, id: "listSellerBookings", tag: "seller",
		summary: "Bookings of your services, newest first"}, a.listSellerBookings)
	add(a, route{method: get, path: "/api/seller/bookings/{id}/", access: seller, id: "getSellerBooking", tag: "seller",
		summary: "One booking of your services"}, a.getSellerBooking)
	add(a, route{method: patch, path: "/api/seller/bookings/{id}/", access: seller, id: "updateSellerBooking", tag: "seller", errors: []int{conflict},
		summary: "Confirm, move, complete or cancel a booking"}, a.patchSellerBooking)
}

func (a *API) sellerCatalogRoutes() {
	add(a, route{method: put, path: "/api/seller/assets/{id}/content/", access: seller, id: "putAssetContent", tag: "seller", limit: uploadLimit,
		file: true, errors: []int{http.StatusRequestTimeout, badGateway}, summary: "Upload the file of an asset"}, a.putContent)
	add(a, route{method: get, path: "/api/seller/products/", access: seller, id: "listSellerProducts", tag: "seller",
		summary: "Your products, newest first"}, a.listSellerProducts)
	add(a, route{method: post, path: "/api/seller/products/", access: seller, id: "createProduct", tag: "seller", status: created, idempotent: true,
		summary: "Add a product"}, a.createProduct)
	add(a, route{method: get, path: "/api/seller/products/{id}/", access: seller, id: "getSellerProduct", tag: "seller",
		summary: "One of your products"}, a.getSellerProduct)
	add(a, route{method: patch, path: "/api/seller/products/{id}/", access: seller, id: "updateProduct", tag: "seller", errors: []int{conflict},
		summary: "Change a product"}, a.patchProduct)
	add(a, route{method: del, path: "/api/seller/products/{id}/", access: seller, id: "deleteProduct", tag: "seller", status: noContent,
		summary: "Delete a product, or archive it if it was ever ordered"}, a.deleteProduct)

	add(a, route{method: get, path: "/api/seller/products/{id}/prices/", access: seller, id: "listPrices", tag: "seller",
		summary: "The prices of a product, newest first"}, a.listPrices)
	add(a, route{method: post, path: "/api/seller/products/{id}/prices/", access: seller, id: "createPrice", tag: "seller", status: created,
		idempotent: true, errors: []int{conflict}, summary: "Add a price; the first one, and a new default, is shown"}, a.createPrice)
	add(a, route{method: get, path: "/api/seller/prices/{id}/", access: seller, id: "getPrice", tag: "seller",
		summary: "One of your prices"}, a.getPrice)
	add(a, route{method: patch, path: "/api/seller/prices/{id}/", access: seller, id: "updatePrice", tag: "seller", errors: []int{conflict},
		summary: "Change a price; orders keep what they were made with"}, a.patchPrice)
	add(a, route{method: del, path: "/api/seller/prices/{id}/", access: seller, id: "deletePrice", tag: "seller", status: noContent,
		summary: "Delete a price, or switch it off if it was ever ordered"}, a.deletePrice)

	add(a, route{method: get, path: "/api/seller/products/{id}/assets/", access: seller, id: "listAssets", tag: "seller",
		summary: "The files of a product, newest first"}, a.listAssets)
	add(a, route{method: post, path: "/api/seller/products/{id}/assets/", access: seller, id: "createAsset", tag: "seller", status: created,
		idempotent: true, errors: []int{conflict}, summary: "Add a file's record; past buyers get it too"}, a.createAsset)
	add(a, route{method: get, path: "/api/seller/assets/{id}/", access: seller, id: "getAsset", tag: "seller",
		summary: "One of your files"}, a.getAsset)
	add(a, route{method: patch, path: "/api/seller/assets/{id}/", access: seller, id: "updateAsset", tag: "seller", errors: []int{conflict},
		summary: "Change a file's record"}, a.patchAsset)
	add(a, route{method: del, path: "/api/seller/assets/{id}/", access: seller, id: "deleteAsset", tag: "seller", status: noContent,
		summary: "Delete a file, or switch it off if buyers hold it"}, a.deleteAsset)

	add(a, route{method: get, path: "/api/seller/products/{id}/service-offer/", access: seller, id: "getServiceOffer", tag: "seller",
		summary: "What a buyer of a service gets"}, a.getServiceOffer)
	add(a, route{method: put, path: "/api/seller/products/{id}/service-offer/", access: seller, id: "putServiceOffer", tag: "seller",
		summary: "Say what a buyer of a service gets"}, a.putServiceOffer)
	add(a, route{method: patch, path: "/api/seller/products/{id}/service-offer/", access: seller, id: "updateServiceOffer", tag: "seller",
		summary: "Change what a buyer of a service gets"}, a.patchServiceOffer)
}

func (a *API) sellerOrderRoutes() {
	add(a, route{method: get, path: "/api/seller/orders/", access: seller, id: "listSellerOrders", tag: "seller", answers: sellerOrderAnswers,
		summary: "Orders of your products, newest first"}, a.listSellerOrders)
	add(a, route{method: get, path: "/api/seller/orders/{public_id}/", access: seller, id: "getSellerOrder", tag: "seller",
		summary: "One order of your products, with its buyer and timeline"}, a.getSellerOrder)
	add(a, route{method: post, path: "/api/seller/orders/{public_id}/mark-paid/", access: seller, id: "markOrderPaid", tag: "seller", idempotent: true, errors: []int{conflict},
		summary: "Record a payment that you received by other means"}, a.markPaid)
	add(a, route{method: post, path: "/api/seller/orders/{public_id}/refund/", access: seller, id: "refundOrder", tag: "seller", idempotent: true, errors: []int{conflict},
		summary: "Give money back, and take back what it bought"}, a.refundOrder)
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
