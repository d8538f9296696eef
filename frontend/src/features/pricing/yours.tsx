import { useLocation } from "preact-iso";
import { api, body } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Subscription } from "../../api/types";
import { t } from "../../lib/i18n";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { SubscriptionButton } from "../../ui/subscription-button";

/** Tells who has a plan where it is changed. */
export function Yours() {
	const { route } = useLocation();
	const { state } = useResource("/api/account/subscriptions/", (signal) =>
		body(api.GET("/api/account/subscriptions/", { signal })),
	);
	if (state.is !== "ready" || !state.data.some(isClerks)) return null;
	return (
		<div class="notice good">
			<p>{t("pricing.yours")}</p>
			<p class="row">
				<SubscriptionButton canceled={() => route(`${paths.subscriptions()}?taken`)}>
					{t("pricing.manage")}
				</SubscriptionButton>
				<a href={`${paths.profile()}/billing`}>{t("pricing.billing")}</a>
				{config.portal && <a href={config.portal}>{t("pricing.portal")}</a>}
			</p>
		</div>
	);
}

const isClerks = ({ status, clerk_subscription_id }: Subscription) =>
	status !== "canceled" && clerk_subscription_id !== "";
