import type { Purchase } from "../../api/types";
import { formatDate } from "../../lib/dates";
import { t } from "../../lib/i18n";
import { formatCents } from "../../lib/money";
import { orderNumber } from "../../lib/order-number";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";

/** What was bought, and for how much: made to be printed, too. */
export function Receipt({ order }: { order: Purchase }) {
	const money = (cents: number) => formatCents(cents, order.currency);
	return (
		<article>
			<dl class="facts">
				<dt>{t("purchase.seller")}</dt>
				<dd>{config.shop}</dd>
				<dt>{t("purchase.number")}</dt>
				<dd>{orderNumber(order.public_id)}</dd>
				<dt>{t("purchase.date")}</dt>
				<dd>{formatDate(order.paid_at ?? order.created_at)}</dd>
				{order.external_reference && (
					<>
						<dt>{t("purchase.payment")}</dt>
						<dd>{order.external_reference}</dd>
					</>
				)}
			</dl>
			<table class="account-lines">
				<thead>
					<tr>
						<th scope="col">{t("purchase.what")}</th>
						<th scope="col">{t("purchase.amount")}</th>
					</tr>
				</thead>
				<tbody>
					{order.items.map((item) => (
						<tr key={item.id}>
							<td>
								<a href={paths.product(item.product_slug)}>{item.product_name_snapshot}</a>
								<br />
								<span class="quiet">
									{item.price_name_snapshot} · {item.quantity} × {money(item.unit_amount_cents)}
								</span>
							</td>
							<td>{money(item.total_amount_cents)}</td>
						</tr>
					))}
				</tbody>
				<tfoot>
					{order.tax_cents > 0 && (
						<tr>
							<th scope="row">{t("purchase.tax")}</th>
							<td>{money(order.tax_cents)}</td>
						</tr>
					)}
					<tr>
						<th scope="row">{t("purchase.total")}</th>
						<td>{money(order.total_cents)}</td>
					</tr>
					{order.refunded_cents > 0 && (
						<tr>
							<th scope="row">{t("purchase.back")}</th>
							<td>{money(-order.refunded_cents)}</td>
						</tr>
					)}
				</tfoot>
			</table>
		</article>
	);
}
