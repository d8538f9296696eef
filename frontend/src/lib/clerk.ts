// Clerk's browser SDK, without React: two scripts that are loaded when somebody signs in, is signed in, or looks at the plans.
// All others fetch nothing of it.
import { signal } from "@preact/signals";
import { hasSession } from "./cookies";
import { language } from "./i18n";
import { config } from "./page";
import { paths } from "./paths";

/** The versions that the shop was tried with; internal/devcloud/sdk serves the same. */
const clerkJs = "@clerk/clerk-js@6.34.1/dist/clerk.browser.js";
const clerkUi = "@clerk/ui@1.34.0/dist/ui.browser.js";

/** What is used of the SDK's object. */
export type Clerk = {
	load(options: object): Promise<void>;
	addListener(tell: (resources: { user?: ClerkUser | null }) => void): () => void;
	session?: { getToken(options?: { skipCache?: boolean }): Promise<string | null> } | null;
	signOut(options?: { redirectUrl?: string }): Promise<void>;
	user?: ClerkUser | null;
	mountSignIn(node: HTMLDivElement, options?: object): void;
	unmountSignIn(node: HTMLDivElement): void;
	mountSignUp(node: HTMLDivElement, options?: object): void;
	unmountSignUp(node: HTMLDivElement): void;
	mountUserProfile(node: HTMLDivElement, options?: object): void;
	unmountUserProfile(node: HTMLDivElement): void;
	mountUserButton(node: HTMLDivElement, options?: object): void;
	unmountUserButton(node: HTMLDivElement): void;
	mountPricingTable(node: HTMLDivElement, options?: object): void;
	unmountPricingTable(node: HTMLDivElement): void;
	/** What SubscriptionDetailsButton of @clerk/react calls. */
	__internal_openSubscriptionDetails(options: { for: "user"; onSubscriptionCancel: () => void }): void;
};

type ClerkUser = { id: string };

declare global {
	interface Window {
		Clerk?: Clerk;
		__internal_ClerkUICtor?: unknown;
	}
}

/** Who is here. `unknown` while the SDK finds out. */
export type Session = { is: "unknown" } | { is: "out" } | { is: "in"; userId: string } | { is: "failed" };

export const session = signal<Session>(hasSession(document.cookie) ? { is: "unknown" } : { is: "out" });

// Somebody may have signed in in another tab, in which the SDK tells nothing of it: the cookies do. What else happens there it tells.
document.addEventListener("visibilitychange", () => {
	if (document.hidden || session.peek().is !== "out" || !hasSession(document.cookie)) return;
	if (loading) return location.reload(); // the SDK reads its client once
	session.value = { is: "unknown" };
	loadClerk().catch(() => undefined); // session tells of it
});

/** Tells when somebody else is here than before. */
export function onSessionChange(tell: () => void) {
	let last: string | undefined;
	session.subscribe((now) => {
		const who = now.is === "in" ? now.userId : undefined;
		if (now.is === "unknown" || now.is === "failed") return;
		if (last !== undefined && who !== last) tell();
		last = who;
	});
}

type Navigate = (url: string, replace: boolean) => void;

let navigate: Navigate = (url, replace) => (replace ? location.replace(url) : location.assign(url));

/** Has the SDK's components go to other pages by the app's router. */
export function navigateBy(router: Navigate) {
	navigate = router;
}

let loading: Promise<Clerk> | undefined;

/** The SDK, loaded on first use; after a failure it is tried again. */
export function loadClerk(): Promise<Clerk> {
	loading ??= load().catch((error: unknown) => {
		loading = undefined;
		if (session.value.is === "unknown") session.value = { is: "failed" };
		throw error;
	});
	return loading;
}

async function load(): Promise<Clerk> {
	const { publishableKey, proxyUrl, scripts, stripe } = config.clerk;
	if (!publishableKey) throw new Error("Sign-in is not set up in this shop.");
	const [localization] = await Promise.all([
		texts(),
		addScript(`${scripts}/${clerkJs}`, { clerkPublishableKey: publishableKey, clerkProxyUrl: proxyUrl }),
		addScript(`${scripts}/${clerkUi}`, {}),
		stripe && addScript(stripe, {}),
	]);
	const clerk = window.Clerk;
	if (!clerk) throw new Error("Clerk's script did not start.");
	await clerk.load({
		ui: { ClerkUI: window.__internal_ClerkUICtor },
		telemetry: false,
		signInUrl: "/sign-in",
		signUpUrl: "/sign-up",
		signInFallbackRedirectUrl: "/app",
		signUpFallbackRedirectUrl: "/app",
		afterSignOutUrl: "/",
		...(localization && { localization }),
		appearance,
		routerPush: (url: string) => navigate(url, false),
		routerReplace: (url: string) => navigate(url, true),
	});
	clerk.addListener(({ user }) => {
		const was = session.peek();
		if (user && !(was.is === "in" && was.userId === user.id)) session.value = { is: "in", userId: user.id };
		if (user === null && was.is !== "out") session.value = { is: "out" }; // undefined is one that is just changing
	});
	session.value = clerk.user ? { is: "in", userId: clerk.user.id } : { is: "out" };
	return clerk;
}

/** What Clerk's components say, where they do not say it by themselves. */
async function texts(): Promise<object | undefined> {
	return language === "de" ? (await import("@clerk/localizations/de-DE")).deDE : undefined;
}

/** The shop's colours and type, for Clerk's components, which have an `--accent` and a `--border` of their own. */
const appearance = {
	variables: {
		colorPrimary: "var(--brand)",
		colorPrimaryForeground: "var(--on-brand)",
		colorBackground: "var(--raised)",
		colorForeground: "var(--text)",
		colorMutedForeground: "var(--quiet)",
		colorMuted: "var(--ground)",
		colorNeutral: "var(--text)",
		colorInput: "var(--ground)",
		colorInputForeground: "var(--text)",
		colorBorder: "var(--text)",
		fontFamily: "inherit",
		borderRadius: "0.375rem",
	},
	elements: { formFieldInput: { "&&:not(:focus)": { boxShadow: "0 0 0 0.0625rem var(--edge)" } } },
	userProfile: { elements: { rootBox: { width: "100%" }, cardBox: { width: "100%", maxWidth: "100%" } } },
};

function addScript(src: string, data: Record<string, string>): Promise<void> {
	return new Promise((loaded, failed) => {
		const script = document.createElement("script");
		script.src = src;
		script.async = true;
		for (const [name, value] of Object.entries(data)) if (value) script.dataset[name] = value;
		script.onload = () => loaded();
		script.onerror = () => {
			script.remove();
			failed(new Error(`${src} cannot be loaded.`));
		};
		document.head.append(script);
	});
}

/** Opens Clerk's drawer in which one changes and cancels the plan; `canceled` is called when it was. It fails when the SDK cannot be loaded. */
export async function openSubscription(canceled: () => void) {
	const clerk = await loadClerk();
	clerk.__internal_openSubscriptionDetails({ for: "user", onSubscriptionCancel: canceled });
}

/** The signed-in user's token for the API; null when nobody is signed in. A fresh one was made just now. */
export async function getToken({ fresh = false } = {}): Promise<string | null> {
	if (session.peek().is === "out") return null;
	const clerk = await loadClerk();
	try {
		return (await clerk.session?.getToken({ skipCache: fresh })) ?? null;
	} catch (error) {
		if (!clerk.session) return null; // it has ended elsewhere: that is to be signed out, whatever the SDK says of it
		throw error;
	}
}

/** Where to sign in, and to come back from to where one is. */
export const signInAddress = () => paths.signIn(location.pathname + location.search);

/** Leads to the sign-in and back, after the shop refused the session. */
export async function signInAgain() {
	const address = signInAddress();
	const clerk = await loadClerk();
	if (clerk.session) await clerk.signOut({ redirectUrl: address });
	else navigate(address, false);
}
