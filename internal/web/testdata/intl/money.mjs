// Writes amounts as the scripts of the pages do. It reads a JSON array of {Amount, Currency, Lang}, and writes one of texts.
import { readFileSync } from "node:fs";

const texts = JSON.parse(readFileSync(0, "utf8")).map(({ Amount, Currency, Lang }) => {
	const decimals = Amount.split(".")[1] ?? "";
	const digits = /^0*$/.test(decimals) ? 0 : decimals.length;
	return new Intl.NumberFormat(Lang, {
		style: "currency",
		currency: Currency,
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	}).format(Amount);
});
console.log(JSON.stringify(texts));
