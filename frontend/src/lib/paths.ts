/** Every address of a page. */
export const paths = {
	home: () => "/",
	pricing: () => "/pricing",
	app: () => "/app",
	subscriptions: () => "/account/subscriptions",
	profile: () => "/account/profile",
	signIn: (back?: string) => (back ? `/sign-in?${new URLSearchParams({ redirect_url: back })}` : "/sign-in"),
	signUp: () => "/sign-up",
};
