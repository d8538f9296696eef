// Clerk's browser SDK, without React: two scripts that are loaded when somebody signs in, is signed in, or looks at the plans.
// All others fetch nothing of it.
import { signal } from "@preact/signals";
import { hasSession } from "./cookies";
import { config } from "./page";

/** The versions that the shop was tried with; internal/devcloud/sdk serves the same. */
const clerkJs = "@clerk/clerk-js@6.34.1/dist/clerk.browser.js";
const clerkUi = "@clerk/ui@1.34.0/dist/ui.browser.js";

/** What is used of the SDK's object. */
export type Clerk = {
	load(options: object): Promise<void>;
	addListener(tell: (resources: { user?: ClerkUser | null }) => void): () => void;
	session?: { getToken(): Promise<string | null> } | null;
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
	await Promise.all([
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
		routerPush: (url: string) => navigate(url, false),
		routerReplace: (url: string) => navigate(url, true),
	});
	clerk.addListener(({ user }) => {
		const was = session.peek();
		if (user && !(was.is === "in" && was.userId === user.id)) session.value = { is: "in", userId: user.id };
		if (!user && was.is !== "out") session.value = { is: "out" };
	});
	session.value = clerk.user ? { is: "in", userId: clerk.user.id } : { is: "out" };
	return clerk;
}

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

/** The signed-in user's token for the API; null when nobody is signed in. */
export async function getToken(): Promise<string | null> {
	if (session.peek().is === "out") return null;
	const clerk = await loadClerk();
	return (await clerk.session?.getToken()) ?? null;
}
