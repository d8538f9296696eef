import { getPublic } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Product } from "../../api/types";
import { formatMoney } from "../../lib/money";
import { paths } from "../../lib/paths";
import { Page } from "../../ui/page";
import { Show } from "../../ui/remote";

const fetchProducts = (signal: AbortSignal) => getPublic("/api/products/", signal);

export default function Products() {
	const products = useResource(fetchProducts);
	return (
		<Page title="Products">
			<Show of={products}>
				{(list) =>
					list.length === 0 ? (
						<p>Nothing is for sale yet.</p>
					) : (
						<ul class="cards">
							{list.map((product) => (
								<li key={product.id}>
									<Card product={product} />
								</li>
							))}
						</ul>
					)
				}
			</Show>
		</Page>
	);
}

function Card({ product }: { product: Product }) {
	const price = product.active_price;
	return (
		<article class="card">
			<h2>{product.name}</h2>
			<p>{product.tagline}</p>
			<p class="price">
				{price ? formatMoney(price) : "Not for sale now"}
				{price && <small>{periods[price.billing_period]}</small>}
			</p>
			{price && price.billing_period !== "one_time" && <a href={paths.pricing()}>See the plans</a>}
		</article>
	);
}

const periods = { one_time: "", monthly: " a month", yearly: " a year" };
