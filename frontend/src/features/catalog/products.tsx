import { useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { type Answer, answer, api } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Product } from "../../api/types";
import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Art } from "../../ui/art";
import { Page } from "../../ui/page";
import { CardSkeletons, ProductGrid } from "../../ui/product-card";
import { Empty, Show } from "../../ui/states";
import "./catalog.css";
import { type CatalogQuery, catalogPath, isFiltered, readQuery, toApi, toKey } from "./catalog-query";
import { Filters } from "./filters";
import { Found } from "./found";
import { Pages } from "./pages";

export default function Products() {
	const { query: given, route } = useLocation();
	const query = readQuery(given);
	const { cursor: _, ...filters } = query;
	return (
		<Page title={t("catalog.title")} lead={t("catalog.lead")}>
			<Filters
				query={filters}
				onChange={(changed, replace) => route(catalogPath({ ...filters, ...changed } as CatalogQuery), replace)}
			/>
			<Results query={query} />
		</Page>
	);
}

function Results({ query }: { query: CatalogQuery }) {
	const products = useResource(toKey(query), (signal) =>
		answer(api.GET("/api/products/", { params: { query: toApi(query) }, signal })),
	);
	// What was shown stays, paler, until what is asked for now is here: the list does not jump while somebody types.
	const before = useRef<Answer<Product[]>>(undefined);
	if (products.state.is === "ready") before.current = products.state.data;
	const waiting = products.state.is === "loading" && before.current !== undefined;
	const shown = waiting && before.current ? { is: "ready" as const, data: before.current } : products.state;
	return (
		<section class="catalog-results" aria-busy={waiting} aria-labelledby="catalog-results">
			<Found state={shown} paged={query.cursor !== undefined} />
			<Show of={{ ...products, state: shown }} skeleton={<CardSkeletons n={9} />}>
				{({ body }) =>
					body.length > 0 ? <ProductGrid products={body} eager={3} class="catalog-grid" /> : <Nothing query={query} />
				}
			</Show>
			<Pages query={query} next={products.state.is === "ready" ? products.state.data.next : undefined} />
		</section>
	);
}

function Nothing({ query }: { query: CatalogQuery }) {
	if (!isFiltered(query) && !query.cursor)
		return (
			<Empty title={t("catalog.empty")} art={<Art name="stall" />}>
				<p>{t("catalog.empty.text")}</p>
			</Empty>
		);
	return (
		<Empty
			title={query.search ? t("catalog.nothing", { search: query.search }) : t("catalog.nothingHere")}
			art={<Art name="stall" />}
		>
			<p>{t("catalog.nothing.text")}</p>
			<a class="button" href={paths.products()}>
				{t("catalog.clear")}
			</a>
		</Empty>
	);
}
