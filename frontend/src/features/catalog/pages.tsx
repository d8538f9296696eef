import { t } from "../../lib/i18n";
import { Icon } from "../../ui/icon";
import { type CatalogQuery, catalogPath } from "./catalog-query";

/** The cursor of the page before, by the cursor of each page that a Next led to; empty is the first. The API knows only the next. */
const before = new Map<string, string>();

type Props = { query: CatalogQuery; next: string | undefined };

/** The ways to the neighbours of a page of the list. */
export function Pages({ query, next }: Props) {
	const { cursor, ...first } = query;
	if (!cursor && !next) return null;
	if (next && next !== cursor) before.set(next, cursor ?? "");
	const previous = cursor ? before.get(cursor) : undefined;
	return (
		<nav class="catalog-pages" aria-label={t("catalog.pages")}>
			{cursor && (
				<a
					class="button"
					rel="prev"
					href={catalogPath({ ...first, ...(previous && { cursor: previous }) })}
					onClick={up}
				>
					<Icon name="back" />
					{previous === undefined ? t("catalog.first") : t("catalog.previous")}
				</a>
			)}
			{next && (
				<a class="button" rel="next" href={catalogPath({ ...first, cursor: next })} onClick={up}>
					{t("catalog.next")}
					<Icon name="arrow" />
				</a>
			)}
		</nav>
	);
}

/** Another page of the list is read from its beginning. */
function up() {
	const heading = document.getElementById("catalog-found");
	heading?.focus({ preventScroll: true });
	heading?.scrollIntoView();
}
