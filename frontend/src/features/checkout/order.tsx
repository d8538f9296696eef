import type { Checkout } from "../../api/types";
import { t } from "../../lib/i18n";
import { formatMoney } from "../../lib/money";
import { orderNumber } from "../../lib/order-number";

/** The order's number and total. */
export function Order({ checkout }: { checkout: Checkout }) {
	return (
		<dl class="facts checkout-order">
			<dt>{t("success.order")}</dt>
			<dd>{orderNumber(checkout.public_id)}</dd>
			<dt>{t("product.total")}</dt>
			<dd class="price">{checkout.total_cents === 0 ? t("price.free") : formatMoney(checkout)}</dd>
		</dl>
	);
}
