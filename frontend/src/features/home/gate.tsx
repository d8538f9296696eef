/** The corners of an eight-pointed star (khatam): two squares, one turned by an eighth. */
function star(x: number, y: number, radius: number): string {
	const inner = radius * 0.765;
	return Array.from({ length: 16 }, (_, i) => {
		const far = i % 2 === 0 ? radius : inner;
		const angle = (i * Math.PI) / 8;
		return `${(x + far * Math.sin(angle)).toFixed(1)},${(y - far * Math.cos(angle)).toFixed(1)}`;
	}).join(" ");
}

/** A half circle hanging from each piece of an awning. */
function Awning({ x, y, n, colors }: { x: number; y: number; n: number; colors: [string, string] }) {
	return (
		<>
			{Array.from({ length: n }, (_, i) => {
				const left = x + i * 20;
				return (
					<path
						key={left}
						d={`M${left + 3} ${y - 34}h14l3 34a10 10 0 0 1-20 0z`}
						fill={`var(--${colors[i % 2 === 0 ? 0 : 1]})`}
					/>
				);
			})}
		</>
	);
}

/** Where the door's opening is: a horseshoe arch. */
const opening = "M112 500V262a150 150 0 1 1 256 0V500z";

/** The gate of a market at dusk, behind it the sun between stalls. */
export function Gate() {
	return (
		<svg class="home-gate" viewBox="0 -8 480 508" aria-hidden="true">
			<defs>
				<pattern id="zellige" width="48" height="48" patternUnits="userSpaceOnUse">
					<rect width="48" height="48" fill="var(--gate-tile)" />
					<polygon points={star(24, 24, 21)} fill="var(--gate-paper)" />
					<polygon points={star(24, 24, 13)} fill="var(--mint)" />
					<polygon points={star(24, 24, 5)} fill="var(--saffron)" />
					{[0, 48].map((x) =>
						[0, 48].map((y) => <polygon key={`${x} ${y}`} points={star(x, y, 9)} fill="var(--brand)" />),
					)}
				</pattern>
				<clipPath id="opening">
					<path d={opening} />
				</clipPath>
			</defs>
			<path d="M24 500V8A16 16 0 0 1 40-8h400a16 16 0 0 1 16 16v492z" fill="url(#zellige)" />
			<path d="M76 500V262a186 186 0 1 1 328 0V500z" fill="var(--ground)" />
			<path d={opening} fill="none" stroke="var(--brand)" stroke-width="36" stroke-dasharray="26 26" />
			<g clip-path="url(#opening)">
				<rect width="480" height="500" fill="var(--gate-sky)" />
				<circle cx="240" cy="372" r="150" fill="var(--gate-haze)" opacity=".7" />
				<circle cx="240" cy="372" r="112" fill="var(--gate-glow)" />
				<circle cx="240" cy="372" r="74" fill="var(--saffron)" />
				{["168 128 5", "236 92 4", "312 132 6", "196 186 4", "300 196 3", "150 228 3", "334 240 4"].map((at) => {
					const [x = 0, y = 0, radius = 0] = at.split(" ").map(Number);
					return <polygon key={at} points={star(x, y, radius)} fill="var(--gate-star)" />;
				})}
				<path d="M240 60v96" stroke="var(--saffron)" stroke-width="3" />
				<path d="M226 156h28l10 14-12 52h-24l-12-52z" fill="var(--saffron)" />
				<path d="M232 176h16l-4 36h-8z" fill="var(--gate-glow)" />
				<path d="M100 500v-92h110v92zM270 500v-112h110v112z" fill="var(--gate-wall)" />
				<Awning x={96} y={424} n={6} colors={["accent", "gate-paper"]} />
				<Awning x={264} y={404} n={6} colors={["mint", "gate-paper"]} />
				<path d="M118 500v-36h18v-12h22v12h30v36zM292 500v-28l14-22h12l14 22h30v28z" fill="var(--gate-goods)" />
			</g>
		</svg>
	);
}
