/** Every address of a page. */
export const paths = {
	home: () => "/",
	pricing: (plan?: string) => withQuery("/pricing", { plan }),
	products: () => "/products",
	product: (slug: string) => `/products/${encodeURIComponent(slug)}`,
	app: () => "/app",
	purchases: () => "/account/purchases",
	purchase: (publicId: string) => `/account/purchases/${encodeURIComponent(publicId)}`,
	subscriptions: () => "/account/subscriptions",
	downloads: () => "/account/downloads",
	bookings: () => "/account/bookings",
	profile: () => "/account/profile",
	success: (order: string) => withQuery("/checkout/success", { order }),
	signIn: (back?: string) => withQuery("/sign-in", { redirect_url: back }),
	signUp: (back?: string) => withQuery("/sign-up", { redirect_url: back }),
};

/** An address with what is said of its query; empty values are left out. */
export function withQuery(path: string, values: Record<string, string | undefined>): string {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
	return query.size > 0 ? `${path}?${query}` : path;
}
