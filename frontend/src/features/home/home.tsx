import { answer, api } from "../../api/client";
import { useResource } from "../../api/resource";
import { type Key, t } from "../../lib/i18n";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Art } from "../../ui/art";
import { useTitle } from "../../ui/page";
import { CardSkeletons, ProductGrid } from "../../ui/product-card";
import { Empty, Show } from "../../ui/states";
import { Gate } from "./gate";
import "./home.css";

/** How many products the start page shows. The server puts this answer of the API into the page. */
const shown = 6;

export default function Home() {
	useTitle(config.shop);
	return (
		<>
			<section class="home-hero">
				<div>
					<h1>{t("home.title")}</h1>
					<p class="lead">{t("home.lead")}</p>
					<p class="row">
						<a class="button primary" href={paths.products()}>
							{t("home.browse")}
						</a>
						<a class="button" href={paths.pricing()}>
							{t("home.plans")}
						</a>
					</p>
				</div>
				<Gate />
			</section>
			<Fresh />
			<How />
		</>
	);
}

function Fresh() {
	const products = useResource(`/api/products/?limit=${shown}`, (signal) =>
		answer(api.GET("/api/products/", { params: { query: { limit: shown } }, signal })),
	);
	return (
		<section class="page home-fresh" aria-labelledby="fresh">
			<div class="row">
				<h2 id="fresh">{t("home.new")}</h2>
				<a href={paths.products()}>{t("home.all")}</a>
			</div>
			<Show of={products} skeleton={<CardSkeletons n={shown} />}>
				{({ body }) =>
					body.length === 0 ? (
						<Empty title={t("home.none")} art={<Art name="stall" />}>
							<p>{t("home.none.text")}</p>
						</Empty>
					) : (
						<ProductGrid products={body} />
					)
				}
			</Show>
		</section>
	);
}

const steps: [Key, Key][] = [
	["home.pay", "home.pay.text"],
	["home.have", "home.have.text"],
	["home.keep", "home.keep.text"],
];

function How() {
	return (
		<section class="home-how" aria-labelledby="how">
			<div class="page">
				<h2 id="how">{t("home.how")}</h2>
				<ol class="list">
					{steps.map(([title, text]) => (
						<li key={title}>
							<h3>{t(title)}</h3>
							<p>{t(text)}</p>
						</li>
					))}
				</ol>
			</div>
		</section>
	);
}
