import { formatMoment } from "../../lib/dates";
import { t } from "../../lib/i18n";
import { knownZone, ownZone } from "../../lib/zones";

type Props = { start: string; zone: string };

/** A time by the reader's clock, and by the seller's where that shows another. */
export function When({ start, zone }: Props) {
	const own = formatMoment(start, ownZone);
	const theirs = formatMoment(start, knownZone(zone));
	return (
		<>
			<time dateTime={start}>{own}</time>
			{own !== theirs && <span class="quiet"> · {t("bookings.theirs", { time: theirs, zone: zoneName(zone) })}</span>}
		</>
	);
}

/** The city of a zone's IANA name. */
export const zoneName = (zone: string) => zone.split("/").pop()?.replaceAll("_", " ") ?? zone;
