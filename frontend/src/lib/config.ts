// What the shop wrote into the page for its scripts (internal/web), or, when something else than the shop serves the pages,
// what they were built with.
export type Config = {
	/** What the shop is called. */
	shop: string;
	development: boolean;
	/** Pages for developers; they are none of this app. */
	tools: { name: string; path: string }[];
	/** A page on which subscribers manage what they pay; empty: there is none but Clerk's. */
	portal: string;
	/** The origin of the API; empty when it is the page's own. */
	api: string;
	clerk: {
		/** Empty: nobody can sign in. */
		publishableKey: string;
		/** A path of the shop under which Clerk's Frontend API is; empty: the API is at the host that the key names. */
		proxyUrl: string;
		/** Where the packages of Clerk's SDK are. */
		scripts: string;
		/** What takes the place of Stripe's script; empty: the SDK loads Stripe's own. */
		stripe: string;
	};
};

type Injected = {
	shop?: string;
	development?: boolean;
	tools?: Config["tools"] | null;
	portal?: string;
	clerk?: { publishable_key?: string; proxy_url?: string; scripts?: string; stripe?: string };
};

/** Variables of the build, for pages that something else than the shop serves. */
export type Built = {
	VITE_SHOP_NAME?: string;
	VITE_API_BASE_URL?: string;
	VITE_CLERK_PUBLISHABLE_KEY?: string;
	VITE_CLERK_BILLING_PORTAL_URL?: string;
};

/** The configuration from the text of the page's element, or from the build's variables when there is none. */
export function readConfig(element: string | null | undefined, built: Built): Config {
	if (element) {
		const given = JSON.parse(element) as Injected;
		return {
			shop: given.shop ?? "",
			development: given.development ?? false,
			tools: given.tools ?? [],
			portal: given.portal ?? "",
			api: "",
			clerk: {
				publishableKey: given.clerk?.publishable_key ?? "",
				proxyUrl: given.clerk?.proxy_url ?? "",
				scripts: given.clerk?.scripts ?? "",
				stripe: given.clerk?.stripe ?? "",
			},
		};
	}
	const key = built.VITE_CLERK_PUBLISHABLE_KEY ?? "";
	return {
		shop: built.VITE_SHOP_NAME ?? "Souk",
		development: false,
		tools: [],
		portal: built.VITE_CLERK_BILLING_PORTAL_URL ?? "",
		api: (built.VITE_API_BASE_URL ?? "").replace(/\/(api\/?)?$/, ""),
		clerk: { publishableKey: key, proxyUrl: "", scripts: key ? `https://${frontendHost(key)}/npm` : "", stripe: "" },
	};
}

/** The host of the Frontend API that a publishable key names. */
export function frontendHost(key: string): string {
	return atob(key.split("_")[2] ?? "").replace(/\$$/, "");
}
