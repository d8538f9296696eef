import { t } from "../lib/i18n";
import { formatMoney, type Money } from "../lib/money";

type Props = { of: Money & { billing_period: "one_time" | "monthly" | "yearly" } };

/** A price, and how often it is paid. */
export function Price({ of }: Props) {
	return (
		<span class="price">
			{/^0*\.?0*$/.test(of.amount) ? t("price.free") : formatMoney(of)}
			{of.billing_period === "monthly" && <small> {t("price.monthly")}</small>}
			{of.billing_period === "yearly" && <small> {t("price.yearly")}</small>}
		</span>
	);
}
