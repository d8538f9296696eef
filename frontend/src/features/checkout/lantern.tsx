/** A market lantern: dark while there is nothing to celebrate, lit when there is. */
export function Lantern({ lit }: { lit: boolean }) {
	return (
		<svg class={lit ? "checkout-lantern lit" : "checkout-lantern"} viewBox="0 0 200 260" aria-hidden="true">
			<circle class="glow" cx="100" cy="150" r="96" />
			<path class="line" d="M100 0v52" />
			<circle class="metal" cx="100" cy="58" r="8" />
			<path class="metal" d="M78 66h44l10 22H68z" />
			<path class="glass" d="M64 92h72l22 58-22 58H64l-22-58z" />
			<path class="pane" d="M100 92v116M64 92l36 58l36-58M42 150h116M64 208l36-58l36 58" />
			<path class="flame" d="M100 118c14 18 20 28 20 40a20 20 0 0 1-40 0c0-12 6-22 20-40z" />
			<path class="metal" d="M68 212h64l-8 14H76zM92 226h16l-8 22z" />
		</svg>
	);
}
