// Times of a clock on a wall somewhere, and the moments that they are.

/** The reader's time zone, an IANA name. */
export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A zone that the browser knows: one that is newer than the browser counts as UTC. */
export function knownZone(zone: string): string {
	try {
		return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone && zone;
	} catch {
		return "UTC";
	}
}

/** By how many milliseconds the clocks of a zone are ahead of UTC at a moment. */
function ahead(zone: string, moment: number): number {
	const parts = new Intl.DateTimeFormat("en-US", {
		timeZone: zone,
		hourCycle: "h23",
		year: "numeric",
		month: "numeric",
		day: "numeric",
		hour: "numeric",
		minute: "numeric",
		second: "numeric",
	}).formatToParts(moment);
	const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
	const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
	return shown - Math.floor(moment / 1000) * 1000;
}

/**
 * The moment at which the clocks of a zone show a day ("2026-03-29") and a time ("02:30"). Where they show it twice it is the first;
 * undefined when they never do, since they are put forward over it, or when it is no day and time.
 */
export function momentOf(day: string, time: string, zone: string): Date | undefined {
	const shown = Date.parse(`${day}T${time}Z`);
	if (Number.isNaN(shown) || !new Date(shown).toISOString().startsWith(`${day}T${time}`)) return undefined; // 30 February is 2 March
	// The clocks of the day before are right before a change, those of the day after behind it.
	const hours24 = 24 * 60 * 60 * 1000;
	const tries = [ahead(zone, shown - hours24), ahead(zone, shown + hours24)].map((offset) => shown - offset);
	const right = tries.filter((moment) => moment + ahead(zone, moment) === shown);
	return right.length > 0 ? new Date(Math.min(...right)) : undefined;
}

/** The day and the time that the clocks of a zone show at a moment, as fields for them want it. */
export function shownAt(moment: Date, zone: string): { day: string; time: string } {
	const text = new Date(moment.getTime() + ahead(zone, moment.getTime())).toISOString();
	return { day: text.slice(0, 10), time: text.slice(11, 16) };
}
