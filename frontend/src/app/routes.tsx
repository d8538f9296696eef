import { lazy, Route } from "preact-iso";
import { loadAccountTexts } from "../lib/i18n";
import { Missing } from "../ui/missing";
import { reloadOnce } from "./reload";

const Home = page(() => import("../features/home/home"));
const Products = page(() => import("../features/catalog/products"));
const Product = page(() => import("../features/catalog/product"));
const Success = page(() => import("../features/checkout/success"));
const Cancel = page(() => import("../features/checkout/cancel"));
const Pricing = page(() => import("../features/pricing/pricing"));
const Dashboard = page(() => ofAccount(import("../features/account/pages")).then(({ Dashboard }) => Dashboard));
const Purchases = page(() => ofAccount(import("../features/account/pages")).then(({ Purchases }) => Purchases));
const Purchase = page(() => ofAccount(import("../features/account/pages")).then(({ Purchase }) => Purchase));
const Subscriptions = page(() =>
	ofAccount(import("../features/account/pages")).then(({ Subscriptions }) => Subscriptions),
);
const Downloads = page(() => ofAccount(import("../features/account/pages")).then(({ Downloads }) => Downloads));
const Bookings = page(() => ofAccount(import("../features/account/pages")).then(({ Bookings }) => Bookings));
const Profile = page(() => ofAccount(import("../features/account/pages")).then(({ Profile }) => Profile));
const SignIn = page(() => import("../features/sign-in/sign-in").then(({ SignIn }) => SignIn));
const SignUp = page(() => import("../features/sign-in/sign-in").then(({ SignUp }) => SignUp));

/** A page whose script comes when it is visited; if it cannot, the page fails when it is drawn. */
function page<T>(load: () => Promise<T | { default: T }>) {
	return lazy(() =>
		load().catch((error: unknown) => {
			if (reloadOnce()) return new Promise<never>(() => {}); // the browser is leaving
			return (() => {
				throw error;
			}) as T;
		}),
	);
}

/** A page for who is signed in, with its texts. */
async function ofAccount<T>(page: Promise<T>): Promise<T> {
	await loadAccountTexts();
	return page;
}

// The server knows the same addresses from routes.json, and answers 404 to all others. `/*` stands for the address and what is below it.
const pages = {
	"/": Home,
	"/pricing": Pricing,
	"/products": Products,
	"/products/:slug": Product,
	"/checkout/success": Success,
	"/checkout/cancel": Cancel,
	"/app": Dashboard,
	"/account/purchases": Purchases,
	"/account/purchases/:id": Purchase,
	"/account/subscriptions": Subscriptions,
	"/account/downloads": Downloads,
	"/account/bookings": Bookings,
	"/account/profile/*": Profile,
	"/sign-in/*": SignIn,
	"/sign-up/*": SignUp,
};

/** The patterns of all pages. */
export const patterns = Object.keys(pages);

// A pattern with /* is for the router only what is below it.
export const routes = [
	...Object.entries(pages).flatMap(([pattern, Page]) =>
		[...new Set([pattern, pattern.replace(/\/\*$/, "")])].map((path) => (
			<Route key={path} path={path} component={Page} />
		)),
	),
	<Route key="default" default component={Missing} />,
];

/** Loads the page of an address, so that it can be drawn at once. */
export async function preloadPage(path: string) {
	const found = Object.entries(pages).find(([pattern]) => matches(pattern, path));
	await found?.[1].preload();
}

function matches(pattern: string, path: string): boolean {
	const expression = pattern.replace(/:\w+/g, "[^/]+").replace(/\/\*$/, "(/.*)?");
	return new RegExp(`^${expression}/?$`).test(path);
}
