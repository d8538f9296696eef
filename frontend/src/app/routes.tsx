import { lazy, Route } from "preact-iso";
import { NotFound } from "./not-found";

const Products = lazy(() => import("../features/catalog/products"));
const Pricing = lazy(() => import("../features/pricing/pricing"));
const Dashboard = lazy(() => import("../features/account/dashboard"));
const Subscriptions = lazy(() => import("../features/account/subscriptions"));
const Profile = lazy(() => import("../features/account/profile"));
const SignIn = lazy(() => import("../features/sign-in/sign-in"));
const SignUp = lazy(() => import("../features/sign-in/sign-up"));

// The server knows the same addresses from routes.json, and answers 404 to all others.
const pages = {
	"/": Products,
	"/pricing": Pricing,
	"/app": Dashboard,
	"/account/subscriptions": Subscriptions,
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
	<Route key="default" default component={NotFound} />,
];
