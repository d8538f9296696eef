import { t } from "../lib/i18n";
import { picture } from "../lib/page";
import { paths } from "../lib/paths";
import { kindName } from "./kind";
import { Price } from "./price";

type Shown = {
	id: number;
	slug: string;
	name: string;
	tagline: string;
	product_type: "digital" | "service";
	active_price: Parameters<typeof Price>[0]["of"] | null;
};

type GridProps = {
	products: Shown[];
	/** How many of them are among the first that are seen. */
	eager?: number;
	class?: string;
	"aria-label"?: string;
};

/** Products side by side. */
export function ProductGrid({ products, eager = 0, class: more = "", ...rest }: GridProps) {
	return (
		<ul class={`list product-grid ${more}`.trim()} {...rest}>
			{products.map((product, i) => (
				<li key={product.id}>
					<ProductCard product={product} eager={i < eager} />
				</li>
			))}
		</ul>
	);
}

/** A product in a list: its cover, what it is, and its price. The whole card is the link. */
function ProductCard({ product, eager }: { product: Shown; eager: boolean }) {
	const { slug, name, tagline, active_price } = product;
	return (
		<article class="product-card">
			<img src={picture(slug)} width="400" height="300" alt="" loading={eager ? "eager" : "lazy"} decoding="async" />
			<h3>
				<a href={paths.product(slug)}>{name}</a>
			</h3>
			{tagline && <p class="quiet">{tagline}</p>}
			<p class="product-foot">
				<span class="product-kind">{kindName(product)}</span>
				{active_price ? <Price of={active_price} /> : <span class="quiet">{t("price.none")}</span>}
			</p>
		</article>
	);
}

/** The places of so many cards, as high as they will be. */
export function CardSkeletons({ n }: { n: number }) {
	return (
		<div class="product-grid" aria-hidden="true">
			{Array.from({ length: n }, (_, i) => (
				<div key={i} class="product-card skeleton" />
			))}
		</div>
	);
}
