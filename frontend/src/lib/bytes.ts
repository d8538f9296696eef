import { locale } from "./i18n";

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** A size for people, in steps of a thousand, as the unit names say. */
export function formatBytes(bytes: number, where = locale): string {
	let [value, unit] = [bytes, 0];
	while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
	return new Intl.NumberFormat(where, {
		style: "unit",
		unit: units[unit] ?? "byte",
		unitDisplay: unit === 0 ? "long" : "short",
		maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
	}).format(value);
}
