import { locale } from "./i18n";

/** An amount as the API writes it: a decimal string that has as many decimals as its currency. */
export type Money = { amount: string; currency: string };

/**
 * An amount for people. The number of decimals is the API's, because browsers have other ones for some currencies; round
 * amounts are shown without.
 */
export function formatMoney({ amount, currency }: Money, where = locale): string {
	const [, decimals = ""] = amount.split(".");
	const digits = /^0*$/.test(decimals) ? 0 : decimals.length;
	return new Intl.NumberFormat(where, {
		style: "currency",
		currency,
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	}).format(amount as Intl.StringNumericLiteral);
}

/** An amount in minor units for people. */
export function formatCents(cents: number, currency: string, where = locale): string {
	return formatMoney({ amount: toDecimal(cents, decimalsOf(currency)), currency }, where);
}

/** Currencies that have decimals by ISO 4217, and fewer or none in browsers, whose table is Unicode's. */
const two = ["AFN", "ALL", "COP", "HUF", "IDR", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "PKR", "SOS", "SYP", "YER"];
const decimalsOfIso: Record<string, number> = { ...Object.fromEntries(two.map((code) => [code, 2])), IQD: 3 };

function decimalsOf(currency: string): number {
	const browser = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
	return decimalsOfIso[currency] ?? browser.maximumFractionDigits ?? 2;
}

function toDecimal(cents: number, decimals: number): string {
	if (decimals === 0) return String(cents);
	const digits = String(Math.abs(cents)).padStart(decimals + 1, "0");
	return `${cents < 0 ? "-" : ""}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
