import { answer, api } from "../../api/client";
import type { Order } from "../../api/types";
import { formatDate } from "../../lib/dates";
import { t } from "../../lib/i18n";
import { formatCents } from "../../lib/money";
import { orderNumber } from "../../lib/order-number";
import { paths } from "../../lib/paths";
import { Badge } from "../../ui/badge";
import { AccountList } from "./account-list";
import { AccountPage } from "./account-page";
import { orderState } from "./order-state";

/** All orders of the signed-in user, the newest first. */
export default function Purchases() {
	return (
		<AccountPage title={t("purchases.title")}>
			<AccountList<Order>
				name="/api/account/orders/"
				fetch={(query, signal) =>
					answer(api.GET("/api/account/orders/", { params: { query }, ...(signal && { signal }) }))
				}
				empty={{ title: "purchases.none", text: "purchases.none.text", to: paths.products() }}
			>
				{(order) => <Row order={order} />}
			</AccountList>
		</AccountPage>
	);
}

function Row({ order }: { order: Order }) {
	const { text, tone } = orderState(order);
	return (
		<>
			<div>
				<h2>
					<a href={paths.purchase(order.public_id)}>
						{order.items.map((item) => item.product_name_snapshot).join(", ")}
					</a>
				</h2>
				<p class="quiet">
					{t("purchases.order", { number: orderNumber(order.public_id) })} · {formatDate(order.created_at)}
				</p>
			</div>
			<div class="account-side">
				<span class="price">{formatCents(order.total_cents, order.currency)}</span>
				<Badge tone={tone}>{text}</Badge>
			</div>
		</>
	);
}
