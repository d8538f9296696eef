/** Shapes of 24 by 24, drawn with lines of the text's colour. */
const shapes = {
	close: "M6 6l12 12M18 6L6 18",
	search: "M11 4a7 7 0 1 0 0 14a7 7 0 0 0 0-14M16.5 16.5L21 21",
	menu: "M4 7h16M4 12h16M4 17h16",
	sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
	moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500z",
	device: "M4 5h16v11H4zM9 20h6M12 16v4",
	download: "M12 4v11M7 11l5 5l5-5M5 20h14",
	copy: "M9 9h11v11H9zM5 15H4V4h11v1",
	check: "M5 12.5l4.500 4.500L19 7.500",
	calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
	clock: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16M12 8v4.500l3 2",
	file: "M6 3h8l4 4v14H6zM14 3v4h4",
	receipt: "M6 3h12v18l-3-2l-3 2l-3-2l-3 2zM9 8h6M9 12h6",
	repeat: "M17 3l3 3l-3 3M4 11V8a2 2 0 0 1 2-2h14M7 21l-3-3l3-3M20 13v3a2 2 0 0 1-2 2H4",
	user: "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8M4 21c1-5 4-7 8-7s7 2 8 7",
	arrow: "M5 12h14M13 6l6 6l-6 6",
	back: "M19 12H5M11 6l-6 6l6 6",
	minus: "M5 12h14",
	plus: "M12 5v14M5 12h14",
	print: "M7 9V3h10v6M7 17H4v-8h16v8h-3M7 14h10v7H7z",
	alert: "M12 4l9 16H3zM12 10v4M12 17v.5",
} as const;

/** A small picture beside words, or in a button that has a label; it says nothing by itself. */
export function Icon({ name }: { name: keyof typeof shapes }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
			<path d={shapes[name]} />
		</svg>
	);
}
