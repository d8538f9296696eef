import { expect, it } from "vitest";
import { formatMoney } from "./money";

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
