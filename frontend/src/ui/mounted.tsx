import { useEffect, useRef, useState } from "preact/hooks";
import { type Clerk, loadClerk } from "../lib/clerk";

type Props = {
	/** The component's name in Clerk's SDK, which has mount… and unmount… for it. */
	component: "SignIn" | "SignUp" | "UserProfile" | "UserButton" | "PricingTable";
	options?: object;
	/** What is announced while the SDK is loaded; empty: nothing. */
	loading?: string;
};

const noOptions = {};

/** A component of Clerk's own, for as long as this one is shown. `options` must not change from render to render. */
export function Mounted({ component, options = noOptions, loading = "Loading…" }: Props) {
	const place = useRef<HTMLDivElement>(null);
	const [state, setState] = useState<"loading" | "shown" | "failed">("loading");
	const [tries, setTries] = useState(0);

	useEffect(() => {
		const node = place.current;
		let unmount: (() => void) | "never" | undefined;
		loadClerk().then(
			(clerk: Clerk) => {
				if (unmount === "never" || !node) return;
				clerk[`mount${component}`](node, options);
				unmount = () => clerk[`unmount${component}`](node);
				setState("shown");
			},
			() => unmount !== "never" && setState("failed"),
		);
		return () => {
			if (typeof unmount === "function") unmount();
			unmount = "never";
		};
	}, [component, options, tries]);

	return (
		<div class="mounted">
			{state === "loading" && loading && <p role="status">{loading}</p>}
			{state === "failed" && (
				<div role="alert" class="notice">
					<p>Signing in does not work just now.</p>
					<button type="button" onClick={() => setTries(tries + 1)}>
						Try again
					</button>
				</div>
			)}
			<div ref={place} />
		</div>
	);
}
