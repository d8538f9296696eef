import { beforeEach, expect, it } from "vitest";
import { Problem } from "../../api/problem";
import { isFinal, orderKey, settleOrder } from "./order-key";

beforeEach(() => sessionStorage.clear());

it("is the same for the same wish until that is settled", () => {
	const first = orderKey({ price_id: 3, quantity: 1 });
	expect(first).toMatch(/^[0-9a-f]{32}$/);
	expect(orderKey({ price_id: 3, quantity: 1 })).toBe(first);
	settleOrder();
	expect(orderKey({ price_id: 3, quantity: 1 })).not.toBe(first);
});

it("is another for another wish", () => {
	const one = orderKey({ price_id: 3, quantity: 1 });
	const eleven = orderKey({ price_id: 3, quantity: 11 });
	expect(eleven).not.toBe(one);
	expect(orderKey({ price_id: 31, quantity: 1 })).not.toBe(eleven);
});

it.each([
	[new Problem(409, "no", "own_product"), true],
	[new Problem(422, "no"), true],
	[new Problem(404, "no"), true],
	[new Problem(401, "no"), false],
	[new Problem(429, "no"), false],
	[new Problem(409, "no", "idempotency_running"), false],
	[new Problem(502, "no"), false],
	[new TypeError("Failed to fetch"), false],
])("knows whether %s is the last word: %s", (error, last) => {
	expect(isFinal(error)).toBe(last);
});
