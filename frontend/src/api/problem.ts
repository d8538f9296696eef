import { has, type Key, language, t } from "../lib/i18n";

/** Why a call to the API did not work, in words that can be shown. */
export class Problem extends Error {
	readonly status: number;
	/** The stable name of the problem (docs/errors.md), empty when the answer has none. */
	readonly code: string;
	/** What is wrong with fields of the body, by their names. */
	readonly fields: Record<string, string>;

	constructor(status: number, message: string, code = "", fields: Record<string, string> = {}) {
		super(message);
		this.status = status;
		this.code = code;
		this.fields = fields;
	}
}

/** The problem that the body of an answer tells of (RFC 9457), or one for a body that tells nothing. */
export function toProblem(status: number, body: unknown): Problem {
	const { detail, code: given, errors } = isObject(body) ? body : {};
	const fields: Record<string, string> = {};
	for (const error of Array.isArray(errors) ? errors : []) {
		if (!isObject(error) || typeof error["message"] !== "string" || typeof error["location"] !== "string") continue;
		const field = error["location"].replace(/^body\./, "");
		fields[field] = inOurWords(`problem.field.${field}`, error["message"], "problem.field");
	}
	const code = typeof given === "string" ? given : "";
	const message =
		typeof detail === "string"
			? inOurWords(`problem.${code}`, detail, status < 500 ? "problem.refused" : "problem.later")
			: t("problem.unusable");
	return new Problem(status, message, code, fields);
}

/** What the page says of this, or else the API in English, or else, in other languages, something of which this is one. */
function inOurWords(key: string, english: string, other: Key): string {
	if (has(key)) return t(key);
	return language === "en" ? english : t(other);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null;
}

/** What to show of an error, whatever it is. */
export function messageOf(error: unknown): string {
	if (error instanceof Problem) return error.message;
	return t(navigator.onLine ? "problem.unreachable" : "problem.offline");
}
