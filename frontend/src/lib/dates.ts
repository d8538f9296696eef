import { locale } from "./i18n";

/** A day for people, in their own time zone. */
export function formatDate(moment: string, where = locale): string {
	return new Intl.DateTimeFormat(where, { dateStyle: "long" }).format(new Date(moment));
}

/** A day and a time for people, in a time zone (an IANA name), their own when none is given; with the zone's name. */
export function formatMoment(moment: string, timeZone?: string, where = locale): string {
	return new Intl.DateTimeFormat(where, {
		weekday: "short",
		day: "numeric",
		month: "long",
		year: "numeric",
		hour: "numeric",
		minute: "2-digit",
		timeZoneName: "short",
		...(timeZone && { timeZone }),
	}).format(new Date(moment));
}
