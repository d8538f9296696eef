import type { ComponentChildren } from "preact";

/** A state in a word or two. Its colour says nothing that the words do not. */
export function Badge({
	tone = "quiet",
	children,
}: {
	tone?: "quiet" | "good" | "warn" | "bad";
	children: ComponentChildren;
}) {
	return <span class={`badge ${tone}`}>{children}</span>;
}
