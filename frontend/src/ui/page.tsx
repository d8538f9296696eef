import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

type Props = { title: string; children: ComponentChildren };

/** A page: its heading, which is the document's title too, and what is below. */
export function Page({ title, children }: Props) {
	useEffect(() => {
		document.title = `${title} · Souk`;
	}, [title]);
	return (
		<div class="page">
			<h1>{title}</h1>
			{children}
		</div>
	);
}
