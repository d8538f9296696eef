import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { session } from "../../lib/clerk";
import { paths } from "../../lib/paths";

/** Shows what is for signed-in users alone, or the way to sign in. */
export function SignedIn({ children }: { children: ComponentChildren }) {
	const { url } = useLocation();
	switch (session.value.is) {
		case "unknown":
			return <p role="status">Loading…</p>;
		case "in":
			return <>{children}</>;
		case "out":
			return (
				<p>
					<a href={paths.signIn(url)}>Sign in</a> to see this page.
				</p>
			);
		case "failed":
			return <p role="alert">Signing in does not work just now. Please load the page again in a moment.</p>;
	}
}
