import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Mounted } from "../../ui/mounted";
import { Page } from "../../ui/page";

const options = { newSubscriptionRedirectUrl: `${paths.subscriptions()}?taken` };

export default function Pricing() {
	return (
		<Page title="Pricing">
			{config.clerk.publishableKey ? (
				<Mounted component="PricingTable" options={options} loading="Loading the plans…" />
			) : (
				<p>There are no plans in this shop.</p>
			)}
		</Page>
	);
}
