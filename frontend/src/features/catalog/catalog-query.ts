import { paths, withQuery } from "../../lib/paths";

/** How many products a page of the list shows. The server puts the first page into the document. */
const shown = 24;

const types = ["digital", "service"] as const;
const orders = ["name", "price", "-price"] as const;

/** What of the catalog is asked for. It is in the page's address; what is not there is the default: all, the newest first. */
export type CatalogQuery = {
	product_type?: (typeof types)[number];
	search?: string;
	ordering?: (typeof orders)[number];
	/** Where the page of the list begins. */
	cursor?: string;
};

/** What an address asks for; what makes no sense there is left out. */
export function readQuery(from: Record<string, string>): CatalogQuery {
	const type = types.find((one) => one === from["product_type"]);
	const search = from["search"]?.trim().slice(0, 200);
	const ordering = orders.find((one) => one === from["ordering"]);
	const cursor = from["cursor"];
	return {
		...(type && { product_type: type }),
		...(search && { search }),
		...(ordering && { ordering }),
		...(cursor && { cursor }),
	};
}

/** The page's address for a query. */
export function catalogPath(query: CatalogQuery): string {
	return withQuery(paths.products(), query);
}

/** The query of the API, in the order of the key under which the server preloads the answer. */
export function toApi({ product_type, search, ordering, cursor }: CatalogQuery) {
	return {
		limit: shown,
		...(product_type && { product_type }),
		...(search && { search }),
		...(ordering && { ordering }),
		...(cursor && { cursor }),
	};
}

/** The key of the API's answer: its path and query, to the letter. */
export function toKey(query: CatalogQuery): string {
	const pairs = Object.entries(toApi(query)).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
	return `/api/products/?${pairs.join("&")}`;
}

/** Whether there is something to clear. */
export function isFiltered({ product_type, search }: CatalogQuery): boolean {
	return product_type !== undefined || search !== undefined;
}
