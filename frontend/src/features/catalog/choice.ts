import { has, type Key, t } from "../../lib/i18n";
import { paths, withQuery } from "../../lib/paths";

/** What of a product's price matters for a choice. */
export type Offered = {
	id: number;
	amount_cents: number;
	currency: string;
	billing_period: "one_time" | "monthly" | "yearly";
};

/** What is bought: a price, and how many of it. It is in the page's address, so it outlives the way to the sign-in and back. */
export type Choice<P extends Offered = Offered> = { price: P; quantity: number };

/** The most of one price, and the most that one order may cost, in minor units; internal/order and internal/money hold the same. */
const mostUnits = 99;
const mostCents = 99_999_999;

/** How many of a price can be bought at once; of a recurring one, one. */
export function most(price: Offered): number {
	if (price.billing_period !== "one_time") return 1;
	if (price.amount_cents === 0) return mostUnits;
	return Math.max(1, Math.min(mostUnits, Math.floor(mostCents / price.amount_cents)));
}

/** A quantity as typed, or undefined when there cannot be so many. */
export function readQuantity(typed: string, price: Offered): number | undefined {
	const text = typed.trim();
	if (!/^\d{1,4}$/.test(text)) return undefined;
	const quantity = Number(text);
	return quantity >= 1 && quantity <= most(price) ? quantity : undefined;
}

/** What an address chooses of the prices; the product's shown price, once, where it says nothing or nonsense. */
export function readChoice<P extends Offered>(
	from: Record<string, string>,
	prices: P[],
	shown: { id: number } | null,
): Choice<P> | undefined {
	const price =
		prices.find(({ id }) => String(id) === from["price"]) ?? prices.find(({ id }) => id === shown?.id) ?? prices[0];
	return price && { price, quantity: readQuantity(from["quantity"] ?? "1", price) ?? 1 };
}

/** The address of a product with a choice. */
export function choicePath(slug: string, { price, quantity }: Choice): string {
	return withQuery(paths.product(slug), {
		price: String(price.id),
		...(quantity > 1 && { quantity: String(quantity) }),
	});
}

/** What a choice costs, in minor units. */
export const total = ({ price, quantity }: Choice) => price.amount_cents * quantity;

/** Problems of an order that do not go away when it is tried again, as the codes of internal/order. */
const lasting = new Set(["own_product"]);

type Facts = { choice: Choice | undefined; signInWorks: boolean; refused: string | undefined };

/** Why nothing can be bought, or undefined when it can. `refused` is the code of the shop's last refusal. */
export function buyBlocked({ choice, signInWorks, refused }: Facts): string | undefined {
	if (!choice) return t("price.none");
	if (!signInWorks) return t("ui.signInOff");
	const key = `problem.${refused}`;
	return refused && lasting.has(refused) && has(key) ? t(key) : undefined;
}

/** What the button says. */
export function buyLabel({ price }: Choice): Key {
	if (price.amount_cents === 0) return "product.get";
	return price.billing_period === "one_time" ? "product.buy" : "product.subscribe";
}
