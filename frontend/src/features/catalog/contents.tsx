import type { ProductDetail } from "../../api/types";
import { formatBytes } from "../../lib/bytes";
import { t, tn } from "../../lib/i18n";
import { Icon } from "../../ui/icon";

type Offer = NonNullable<ProductDetail["service_offer"]>;

/** What is in a product: its files and how often they can be had, or what a service promises. */
export function Contents({ product }: { product: ProductDetail }) {
	const { assets, service_offer } = product;
	if (assets.length === 0 && !service_offer) return null;
	return (
		<section aria-labelledby="product-contents">
			<h2 id="product-contents">{t("product.contents")}</h2>
			{service_offer && <Service offer={service_offer} />}
			{assets.length > 0 && <Files product={product} />}
		</section>
	);
}

function Files({ product: { assets, max_downloads, download_days } }: { product: ProductDetail }) {
	const often = max_downloads === null ? t("product.downloads.any") : tn("product.downloads", max_downloads);
	const long = download_days === null ? "" : tn("product.days", download_days);
	return (
		<>
			<ul class="list product-files">
				{assets.map(({ id, title, version_label, file_size_bytes }) => (
					<li key={id}>
						<Icon name="file" />
						<span>{title}</span>
						<span class="quiet">
							{[version_label && t("product.version", { version: version_label }), formatBytes(file_size_bytes)]
								.filter(Boolean)
								.join(" · ")}
						</span>
					</li>
				))}
			</ul>
			<p class="quiet">
				{often} {long}
			</p>
		</>
	);
}

function Service({ offer }: { offer: Offer }) {
	const { session_minutes, delivery_days, revision_count, onboarding_instructions } = offer;
	return (
		<>
			<ul class="list product-files">
				<li>
					<Icon name="calendar" />
					{tn("product.minutes", session_minutes)}
				</li>
				{delivery_days !== null && (
					<li>
						<Icon name="clock" />
						{tn("product.delivery", delivery_days)}
					</li>
				)}
				{revision_count > 0 && (
					<li>
						<Icon name="repeat" />
						{tn("product.revisions", revision_count)}
					</li>
				)}
			</ul>
			{onboarding_instructions && (
				<>
					<h3>{t("product.before")}</h3>
					<p class="product-before">{onboarding_instructions}</p>
				</>
			)}
		</>
	);
}
