/** A day for people, in their own time zone. */
export function formatDate(moment: string, locale?: string): string {
	return new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(new Date(moment));
}
