import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type Props = {
	onClick?: () => void;
	type?: "button" | "submit";
	/** `primary` is what the page is for; one of it at a time. */
	kind?: "primary" | "plain" | "danger";
	/** It has been pressed, and works. */
	busy?: boolean;
	/** Why it cannot be pressed, shown below it. */
	why?: string | undefined;
	children: ComponentChildren;
	class?: string;
	form?: string;
	"aria-label"?: string;
	"aria-expanded"?: boolean;
};

/** A button that can say why it is disabled. It keeps the focus then, so that the reason can be read. */
export function Button({ onClick, type = "button", kind = "plain", busy = false, why, children, ...rest }: Props) {
	const id = useId();
	const off = busy || why !== undefined;
	const press = (event: Event) => {
		if (off) event.preventDefault();
		else onClick?.();
	};
	return (
		<>
			<button
				{...rest}
				type={type}
				class={`button ${kind} ${rest.class ?? ""}`}
				aria-disabled={off}
				aria-busy={busy}
				aria-describedby={why ? id : undefined}
				onClick={press}
			>
				{children}
			</button>
			{why && (
				<p id={id} class="why">
					{why}
				</p>
			)}
		</>
	);
}
