import type { Order } from "../../api/types";
import { type Key, t } from "../../lib/i18n";

type Told = { text: string; tone: "good" | "warn" | "bad" | "quiet" };

const states: Record<Order["status"], [Key, Told["tone"]]> = {
	draft: ["state.order.draft", "quiet"],
	pending_payment: ["state.order.pending_payment", "warn"],
	paid: ["state.order.paid", "good"],
	fulfilled: ["state.order.fulfilled", "good"],
	canceled: ["state.order.canceled", "quiet"],
	refunded: ["state.order.refunded", "quiet"],
};

/** Where an order stands, in words; what was refunded of it in part, too. */
export function orderState({ status, refunded_cents }: Pick<Order, "status" | "refunded_cents">): Told {
	if (refunded_cents > 0 && status !== "refunded") return { text: t("state.order.partly"), tone: "quiet" };
	const [key, tone] = states[status];
	return { text: t(key), tone };
}
