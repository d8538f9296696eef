import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { config } from "../lib/page";

type Props = {
	title: string;
	/** Said below the heading. */
	lead?: string;
	/** The document's title where it is another than the heading. */
	name?: string;
	children: ComponentChildren;
};

/** A page: its heading, which is the document's title too, and what is below. */
export function Page({ title, lead, name = title, children }: Props) {
	useTitle(name);
	return (
		<div class="page">
			<header class="page-head">
				<h1>{title}</h1>
				{lead && <p class="lead">{lead}</p>}
			</header>
			{children}
		</div>
	);
}

/** Names the document after what is shown. */
export function useTitle(name: string) {
	useEffect(() => {
		document.title = name === config.shop ? name : `${name} · ${config.shop}`;
	}, [name]);
}
