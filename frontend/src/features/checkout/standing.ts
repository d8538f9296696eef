import type { Checkout } from "../../api/types";

/**
 * How an order stands for somebody who comes back from paying. `waiting` may change any moment, `unsure` has not for long; `byHand` is
 * paid outside the shop, which only the seller sees.
 */
export type Standing =
	| "waiting"
	| "unsure"
	| "paid"
	| "processing"
	| "declined"
	| "byHand"
	| "notPlaced"
	| "canceled"
	| "refunded";

/** What an answer of the API says; `late` is that the time to wait is over. */
export function standing({ status, provider, attempt }: Checkout, late: boolean): Standing {
	switch (status) {
		case "paid":
		case "fulfilled":
			return "paid";
		case "canceled":
		case "refunded":
			return status;
		case "draft":
			return "notPlaced";
		case "pending_payment":
			if (attempt === "processing") return "processing";
			if (attempt === "failed" || attempt === "expired") return "declined";
			if (provider === "manual") return "byHand";
			return late ? "unsure" : "waiting";
	}
}

/**
 * How long to wait before each question, in milliseconds: often at first, as most payments are known at once, then seldom. The server
 * asks the provider once in two seconds at most.
 */
export const pauses = [1000, 2000, 2000, 2500, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000];
