import type { ComponentChildren } from "preact";
import type { Resource } from "../lib/remote";

type Props<T> = { of: Resource<T>; children: (data: T) => ComponentChildren };

/** Shows what came, that it is on its way, or why it did not come. */
export function Show<T>({ of: { state, again }, children }: Props<T>) {
	switch (state.is) {
		case "loading":
			return <p role="status">Loading…</p>;
		case "failed":
			return (
				<div role="alert" class="notice">
					<p>{state.message}</p>
					<button type="button" onClick={again}>
						Try again
					</button>
				</div>
			);
		case "ready":
			return <>{children(state.data)}</>;
	}
}
