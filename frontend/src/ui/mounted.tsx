import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Clerk, loadClerk } from "../lib/clerk";
import { t } from "../lib/i18n";
import { Failed, Loading } from "./states";

type Props = {
	/** The component's name in Clerk's SDK, which has mount… and unmount… for it. */
	component: "SignIn" | "SignUp" | "UserProfile" | "UserButton" | "PricingTable";
	options?: object;
	/** What is shown until the component is drawn; empty: nothing. */
	loading?: ComponentChildren;
};

const noOptions = {};

/** A component of Clerk's own, for as long as this one is shown. `options` must not change from render to render. */
export function Mounted({ component, options = noOptions, loading = <Loading /> }: Props) {
	const place = useRef<HTMLDivElement>(null);
	const [state, setState] = useState<"loading" | "shown" | "failed">("loading");
	const [tries, setTries] = useState(0);

	useEffect(() => {
		const node = place.current;
		let unmount: (() => void) | "never" | undefined;
		// It asks for its facts before it draws, and takes a place without a text meanwhile.
		const drawn = new MutationObserver(() => node?.textContent && setState("shown"));
		loadClerk().then(
			(clerk: Clerk) => {
				if (unmount === "never" || !node) return;
				clerk[`mount${component}`](node, options);
				unmount = () => clerk[`unmount${component}`](node);
				drawn.observe(node, { childList: true, subtree: true, characterData: true });
			},
			() => unmount !== "never" && setState("failed"),
		);
		return () => {
			drawn.disconnect();
			if (typeof unmount === "function") unmount();
			unmount = "never";
		};
	}, [component, options, tries]);

	return (
		<div class="mounted">
			{state === "loading" && loading}
			{state === "failed" && <Failed message={t("ui.signInDown")} again={() => setTries(tries + 1)} />}
			<div ref={place} />
		</div>
	);
}
