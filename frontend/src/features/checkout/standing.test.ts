import { expect, it } from "vitest";
import type { Checkout } from "../../api/types";
import { pauses, standing } from "./standing";

const checkout = (more: Partial<Checkout>): Checkout => ({
	public_id: "0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10",
	status: "pending_payment",
	provider: "stripe",
	attempt: "open",
	currency: "USD",
	total_cents: 1900,
	amount: "19.00",
	checkout_url: "",
	...more,
});

it.each([
	[{}, "waiting", "unsure"],
	[{ attempt: "none" }, "waiting", "unsure"],
	[{ attempt: "paid" }, "waiting", "unsure"],
	[{ provider: "clerk", attempt: "none" }, "waiting", "unsure"],
	[{ provider: "manual", attempt: "none" }, "byHand", "byHand"],
	[{ attempt: "processing" }, "processing", "processing"],
	[{ attempt: "failed" }, "declined", "declined"],
	[{ attempt: "expired" }, "declined", "declined"],
	[{ status: "paid" }, "paid", "paid"],
	[{ status: "fulfilled", attempt: "processing" }, "paid", "paid"],
	[{ status: "canceled", attempt: "expired" }, "canceled", "canceled"],
	[{ status: "refunded" }, "refunded", "refunded"],
	[{ status: "draft" }, "notPlaced", "notPlaced"],
] as const)("reads %j as %s, and as %s when it is late", (more, soon, late) => {
	expect(standing(checkout(more), false)).toBe(soon);
	expect(standing(checkout(more), true)).toBe(late);
});

it("asks ever more seldom, and for a minute", () => {
	expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
	const minute = pauses.reduce((sum, pause) => sum + pause, 0);
	expect(minute).toBeGreaterThan(50_000);
	expect(minute).toBeLessThanOrEqual(60_000);
});
