import { useRoute } from "preact-iso";
import { type Answer, answer, api } from "../../api/client";
import { Problem } from "../../api/problem";
import { useResource } from "../../api/resource";
import type { ProductDetail } from "../../api/types";
import { t } from "../../lib/i18n";
import { picture } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Icon } from "../../ui/icon";
import { kindName } from "../../ui/kind";
import { Missing } from "../../ui/missing";
import { useTitle } from "../../ui/page";
import { Show, Skeleton } from "../../ui/states";
import { Buy } from "./buy";
import { Contents } from "./contents";
import { Description } from "./description-text";
import "./catalog.css";

export default function Product() {
	const slug = useRoute().params["slug"] ?? "";
	const product = useResource(`/api/products/${encodeURIComponent(slug)}/`, (signal) => fetchProduct(slug, signal));
	return (
		<Show of={product} skeleton={<ProductSkeleton />}>
			{({ body }) => (body ? <Detail key={slug} product={body} again={product.again} /> : <Missing />)}
		</Show>
	);
}

/** The product, or null when the shop has none of that name: that is an answer, too. */
async function fetchProduct(slug: string, signal: AbortSignal): Promise<Answer<ProductDetail | null>> {
	try {
		return await answer(api.GET("/api/products/{slug}/", { params: { path: { slug } }, signal }));
	} catch (error) {
		if (error instanceof Problem && error.status === 404) return { body: null };
		throw error;
	}
}

function Detail({ product, again }: { product: ProductDetail; again: () => void }) {
	useTitle(product.name);
	const { slug, name, tagline } = product;
	return (
		<article class="page product">
			<a class="product-back" href={paths.products()}>
				<Icon name="back" />
				{t("product.all")}
			</a>
			<img class="product-cover" src={picture(slug)} width="800" height="600" alt="" fetchpriority="high" />
			<div class="product-side">
				<header>
					<p class="product-kind">{kindName(product)}</p>
					<h1>{name}</h1>
					{tagline && <p class="lead">{tagline}</p>}
				</header>
				<Buy product={product} again={again} />
			</div>
			<div class="product-more">
				<Description text={product.description} />
				<Contents product={product} />
			</div>
		</article>
	);
}

/** As high as a product is, so that nothing moves. */
function ProductSkeleton() {
	return (
		<div class="page product">
			<span class="product-back">
				<Icon name="back" />
				{t("product.all")}
			</span>
			<div class="product-cover skeleton" />
			<div class="product-side">
				<Skeleton height={1.5} width="6rem" />
				<Skeleton height={6} />
				<Skeleton height={14} />
			</div>
		</div>
	);
}
