import { expect, it } from "vitest";
import { formatCents } from "../../lib/money";
import { buyBlocked, buyLabel, choicePath, most, type Offered, readChoice, readQuantity, total } from "./choice";

const price = (id: number, more: Partial<Offered> = {}): Offered => ({
	id,
	amount_cents: 1900,
	currency: "USD",
	billing_period: "one_time",
	...more,
});
const prices = [price(1), price(2, { amount_cents: 9900 }), price(3, { billing_period: "monthly" })];

it.each([
	[{}, 2, 1],
	[{ price: "1", quantity: "3" }, 1, 3],
	[{ price: "1", quantity: "100" }, 1, 1],
	[{ price: "1", quantity: "-2" }, 1, 1],
	[{ price: "1", quantity: "1.5" }, 1, 1],
	[{ price: "7" }, 2, 1],
	[{ price: "3", quantity: "4" }, 3, 1], // of a recurring price there is one
])("reads the choice %j as price %s, %s times", (address, id, quantity) => {
	const choice = readChoice(address as Record<string, string>, prices, { id: 2 });
	expect(choice?.price.id).toBe(id);
	expect(choice?.quantity).toBe(quantity);
});

it("chooses nothing where nothing is sold", () => {
	expect(readChoice({ price: "1" }, [], null)).toBeUndefined();
});

it("keeps a choice in the address", () => {
	const path = choicePath("rain & roof", { price: price(2), quantity: 3 });
	expect(path).toBe("/products/rain%20%26%20roof?price=2&quantity=3");
	const query = Object.fromEntries(new URL(path, location.origin).searchParams);
	expect(readChoice(query, prices, null)).toEqual({ price: prices[1], quantity: 3 });
	expect(choicePath("a", { price: price(2), quantity: 1 })).toBe("/products/a?price=2");
});

it.each([
	["1", 1],
	[" 99 ", 99],
	["0", undefined],
	["100", undefined],
	["", undefined],
	["1e1", undefined],
	["٣", undefined],
])("takes %j as %s", (typed, quantity) => {
	expect(readQuantity(typed, price(1))).toBe(quantity);
});

it("never offers more than one order may cost", () => {
	expect(most(price(1))).toBe(99);
	expect(most(price(1, { amount_cents: 0 }))).toBe(99);
	expect(most(price(1, { amount_cents: 33_333_333 }))).toBe(3);
	expect(most(price(1, { amount_cents: 99_999_999 }))).toBe(1);
	expect(most(price(1, { billing_period: "yearly" }))).toBe(1);
});

it.each([
	["USD", 1950, 3, "$58.50"],
	["JPY", 800, 3, "¥2,400"],
	["KWD", 1500, 2, "KWD 3.000"],
	["KWD", 1501, 2, "KWD 3.002"],
])("adds up in %s", (currency, amount_cents, quantity, shown) => {
	const sum = total({ price: price(1, { currency, amount_cents }), quantity });
	// Round amounts are shown without decimals.
	expect(formatCents(sum, currency, "en-US").replace(/\u00a0/g, " ")).toBe(shown.replace(/\.0+$/, ""));
});

it("says why nothing can be bought", () => {
	const choice = { price: price(1), quantity: 1 };
	expect(buyBlocked({ choice, signInWorks: true, refused: undefined })).toBeUndefined();
	expect(buyBlocked({ choice: undefined, signInWorks: true, refused: undefined })).toMatch(/not for sale/i);
	expect(buyBlocked({ choice, signInWorks: false, refused: undefined })).toMatch(/sign-in is not set up/);
	expect(buyBlocked({ choice, signInWorks: true, refused: "own_product" })).toMatch(/sell this/);
	expect(buyBlocked({ choice, signInWorks: true, refused: "internal" })).toBeUndefined();
});

it("names what is done", () => {
	expect(buyLabel({ price: price(1), quantity: 1 })).toBe("product.buy");
	expect(buyLabel({ price: price(1, { amount_cents: 0 }), quantity: 1 })).toBe("product.get");
	expect(buyLabel({ price: price(1, { billing_period: "monthly" }), quantity: 1 })).toBe("product.subscribe");
});
