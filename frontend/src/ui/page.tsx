import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { config } from "../lib/page";

type Props = { title: string; children: ComponentChildren };

/** A page: its heading, which is the document's title too, and what is below. */
export function Page({ title, children }: Props) {
	useEffect(() => {
		document.title = `${title} · ${config.shop}`;
	}, [title]);
	return (
		<div class="page">
			<h1>{title}</h1>
			{children}
		</div>
	);
}
