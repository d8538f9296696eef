import { useResource } from "../../api/resource";
import { t, tn } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Icon } from "../../ui/icon";
import { Show, Skeleton } from "../../ui/states";
import { type Bought, fetchBought } from "./bought";

/** What the signed-in buyer got by an order, and where it is. */
export function Got({ order }: { order: string }) {
	const bought = useResource(`bought ${order}`, (signal) => fetchBought(order, signal));
	return (
		<Show of={bought} skeleton={<Skeleton height={9} />}>
			{(data) => <Things {...data} />}
		</Show>
	);
}

function Things({ order, ...bought }: Bought) {
	return (
		<>
			<ul class="list checkout-got">
				{order.items.map(({ id, product_name_snapshot, quantity }) => (
					<li key={id}>
						<Icon name="check" />
						<strong>{product_name_snapshot}</strong>
						{quantity > 1 && <span class="quiet">× {quantity}</span>}
					</li>
				))}
			</ul>
			<p class="row">
				{waysTo(bought).map(({ to, icon, text }, i) => (
					<a key={to} class={i === 0 ? "button primary" : "button"} href={to}>
						<Icon name={icon} />
						{text}
					</a>
				))}
			</p>
		</>
	);
}

/** Where what one got is; the most useful first. */
function waysTo({ downloads, bookings, subscriptions }: Omit<Bought, "order">) {
	const open = bookings.filter(({ scheduled_start }) => scheduled_start === null).length;
	const booked = open > 0 ? tn("success.bookings", open) : t("success.booked");
	return [
		downloads.length > 0 && {
			to: paths.downloads(),
			icon: "download" as const,
			text: tn("success.downloads", downloads.length),
		},
		bookings.length > 0 && { to: paths.bookings(), icon: "calendar" as const, text: booked },
		subscriptions.length > 0 && { to: paths.subscriptions(), icon: "repeat" as const, text: t("success.subscription") },
	].filter((way) => way !== false);
}
