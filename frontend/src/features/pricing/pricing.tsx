import { answer, api } from "../../api/client";
import { useResource } from "../../api/resource";
import { session } from "../../lib/clerk";
import { t } from "../../lib/i18n";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Art } from "../../ui/art";
import { Mounted } from "../../ui/mounted";
import { Page } from "../../ui/page";
import { CardSkeletons, ProductGrid } from "../../ui/product-card";
import { Empty, Show } from "../../ui/states";
import { Yours } from "./yours";

const options = { newSubscriptionRedirectUrl: `${paths.subscriptions()}?taken` };

/** Clerk's table of plans. Until it is there, and where there is none, the shop's own list of what is paid again and again. */
export default function Pricing() {
	return (
		<Page title={t("pricing.title")} lead={t("pricing.lead")}>
			{session.value.is === "in" && <Yours />}
			{config.clerk.publishableKey ? (
				<Mounted component="PricingTable" options={options} loading={<Plans />} />
			) : (
				<Plans />
			)}
		</Page>
	);
}

function Plans() {
	const products = useResource("/api/products/?limit=100", (signal) =>
		answer(api.GET("/api/products/", { params: { query: { limit: 100 } }, signal })),
	);
	return (
		<Show of={products} skeleton={<CardSkeletons n={3} />}>
			{({ body }) => {
				const plans = body.filter(({ active_price }) => active_price && active_price.billing_period !== "one_time");
				if (plans.length === 0)
					return (
						<Empty title={t("pricing.none")} art={<Art name="stall" />}>
							<p>{t("pricing.none.text")}</p>
						</Empty>
					);
				return <ProductGrid products={plans} aria-label={t("pricing.preview")} />;
			}}
		</Show>
	);
}
