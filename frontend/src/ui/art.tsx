/** A drawing from public/art.svg, in the colours of the page: an empty stall for what is not there yet, a broken tile for what went wrong. */
export function Art({ name }: { name: "stall" | "tile" }) {
	return (
		<svg class="art" viewBox="0 0 240 212" width="240" height="212" aria-hidden="true">
			<use href={`/art.svg#${name}`} />
		</svg>
	);
}
