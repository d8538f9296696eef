import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { formatCents, formatMoney } from "./money";

// Intl writes some spaces as no-break spaces.
const plain = (text: string) => text.replace(/\u00a0|\u202f/g, " ");

it.each([
	["19.00", "USD", "$19"],
	["19.50", "USD", "$19.50"],
	["0.00", "USD", "$0"],
	["500", "JPY", "¥500"],
	["1.500", "KWD", "KWD 1.500"],
	["2.250", "IQD", "IQD 2.250"], // three decimals by ISO 4217, none by the browser's own table
	["12345678901234.56", "USD", "$12,345,678,901,234.56"],
])("writes %s %s as %s", (amount, currency, shown) => {
	expect(plain(formatMoney({ amount, currency }, "en-US"))).toBe(shown);
});

it.each([
	[1950, "USD", "$19.50"],
	[5, "USD", "$0.05"],
	[500, "JPY", "¥500"],
	[1500, "KWD", "KWD 1.500"],
	[2250, "IQD", "IQD 2.250"],
	[-250, "USD", "-$2.50"],
])("writes %s minor units of %s as %s", (cents, currency, shown) => {
	expect(plain(formatCents(cents, currency, "en-US"))).toBe(shown);
});

it("knows the decimals of every currency that the shop knows", () => {
	const table = readFileSync("../internal/money/iso4217.go", "utf8");
	const rows = [...table.matchAll(/"([A-Z]{3})": (\d)/g)];
	expect(rows.length).toBeGreaterThan(100);
	for (const [, currency = "", decimals] of rows) {
		const [, shown = ""] = formatCents(1, currency, "en-US").match(/\.(\d+)/) ?? [];
		expect(shown.length, currency).toBe(Number(decimals));
	}
});
