import { useEffect } from "preact/hooks";
import { ErrorBoundary, LocationProvider, Router, useLocation } from "preact-iso";
import { navigateBy } from "../lib/clerk";
import { Footer } from "./footer";
import { Header } from "./header";
import { routes } from "./routes";

/** Addresses that are pages of this app; links to others are left to the browser. */
const ours = /^(?!\/(api|checkout|__[a-z]+)(\/|$))/;

// What a component has dealt with itself, as Clerk's do with their links, is not for the router, which listens at the window.
document.addEventListener("click", (event) => {
	if (event.defaultPrevented) event.stopPropagation();
});

export function App() {
	return (
		<LocationProvider scope={ours}>
			<Navigation />
			<a class="skip" href="#main">
				Skip to the content
			</a>
			<Header />
			<main id="main" tabIndex={-1}>
				<ErrorBoundary>
					<Router>{routes}</Router>
				</ErrorBoundary>
			</main>
			<Footer />
		</LocationProvider>
	);
}

/** Gives Clerk's components the router. */
function Navigation() {
	const { route } = useLocation();
	useEffect(() => navigateBy((url, replace) => route(url.replace(location.origin, ""), replace)), [route]);
	return null;
}
