import { useEffect } from "preact/hooks";
import { ErrorBoundary, LocationProvider, Router, useLocation } from "preact-iso";
import { navigateBy } from "../lib/clerk";
import { t } from "../lib/i18n";
import { Toasts } from "../ui/toast";
import { Broken } from "./broken";
import { Footer } from "./footer";
import { Header } from "./header";
import { Offline } from "./offline";
import { ours } from "./ours";
import { routes } from "./routes";

// What a component has dealt with itself, as Clerk's do with their links, is not for the router, which listens at the window.
document.addEventListener("click", (event) => {
	if (event.defaultPrevented) event.stopPropagation();
});

export function App() {
	return (
		<LocationProvider scope={ours}>
			<Navigation />
			<a class="skip" href="#main">
				{t("shell.skip")}
			</a>
			<Header />
			<Offline />
			<Main />
			<Footer />
			<Toasts />
		</LocationProvider>
	);
}

function Main() {
	const { path } = useLocation();
	return (
		<main id="main" tabIndex={-1}>
			<Broken path={path}>
				<ErrorBoundary>
					<Router onRouteChange={arrive}>{routes}</Router>
				</ErrorBoundary>
			</Broken>
		</main>
	);
}

let before = location.pathname;

/** A new page begins at its top, and a screen reader with it; a change of the query alone is the same page. */
function arrive(url: string) {
	const { pathname } = new URL(url, location.origin);
	if (pathname === before) return;
	before = pathname;
	scrollTo(0, 0);
	document.getElementById("main")?.focus({ preventScroll: true });
}

/** Gives Clerk's components the router. */
function Navigation() {
	const { route } = useLocation();
	useEffect(() => navigateBy((url, replace) => route(url.replace(location.origin, ""), replace)), [route]);
	return null;
}
