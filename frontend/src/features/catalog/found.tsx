import type { Answer } from "../../api/client";
import type { Product } from "../../api/types";
import { t, tn } from "../../lib/i18n";
import type { Remote } from "../../lib/remote";

type Props = {
	state: Remote<Answer<Product[]>>;
	/** Whether this is a later page of the list. */
	paged: boolean;
};

/** Says how many products there are. The API counts none that it does not send, so of a long list only what is on this page is known. */
export function Found({ state, paged }: Props) {
	return (
		<>
			<h2 id="catalog-results" class="sr-only">
				{t("catalog.results")}
			</h2>
			<p id="catalog-found" class="catalog-found quiet" tabIndex={-1} role="status">
				{state.is === "ready" && said(state.data, paged)}
			</p>
		</>
	);
}

function said({ body, next }: Answer<Product[]>, paged: boolean): string {
	if (body.length === 0) return t("catalog.found.none");
	return paged || next ? tn("catalog.onPage", body.length) : tn("catalog.found", body.length);
}
