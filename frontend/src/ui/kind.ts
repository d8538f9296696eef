import { t } from "../lib/i18n";

type Kinded = { product_type: string; active_price: { billing_period: string } | null };

/** What sort of product it is. One that is served is a service, also when it is paid each month. */
export function kindName({ product_type, active_price }: Kinded): string {
	if (product_type === "service") return t("kind.service");
	return active_price && active_price.billing_period !== "one_time" ? t("kind.plan") : t("kind.file");
}
