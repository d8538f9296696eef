/** An amount as the API writes it: a decimal string that has as many decimals as its currency. */
export type Money = { amount: string; currency: string };

/**
 * An amount for people. The number of decimals is the API's, because browsers have other ones for some currencies; round
 * amounts are shown without.
 */
export function formatMoney({ amount, currency }: Money, locale?: string): string {
	const [, decimals = ""] = amount.split(".");
	const digits = /^0*$/.test(decimals) ? 0 : decimals.length;
	return new Intl.NumberFormat(locale, {
		style: "currency",
		currency,
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	}).format(amount as Intl.StringNumericLiteral);
}
