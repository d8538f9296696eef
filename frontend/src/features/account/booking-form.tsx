import { useState } from "preact/hooks";
import { api, body } from "../../api/client";
import { messageOf, Problem } from "../../api/problem";
import type { Booking } from "../../api/types";
import { formatMoment } from "../../lib/dates";
import { t } from "../../lib/i18n";
import { knownZone, momentOf, ownZone, shownAt } from "../../lib/zones";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import { toast } from "../../ui/toast";
import { zoneName } from "./when";

type Props = { booking: Booking; done: (changed: Booking) => void };

/** Asks for a time by the reader's clock, shows it by the seller's, and asks the seller for it. */
export function BookingForm({ booking, done }: Props) {
	const before = booking.scheduled_start ? shownAt(new Date(booking.scheduled_start), ownZone) : { day: "", time: "" };
	const [day, setDay] = useState(before.day);
	const [time, setTime] = useState(before.time);
	const [notes, setNotes] = useState(booking.customer_notes);
	const [problem, setProblem] = useState<unknown>();
	const [busy, setBusy] = useState(false);
	// An hour that clocks show twice: who changes the notes alone keeps the moment that was agreed, not the first of the two.
	const kept = booking.scheduled_start && day === before.day && time === before.time;
	const start = kept ? new Date(booking.scheduled_start ?? "") : momentOf(day, time, ownZone);
	const fields = problem instanceof Problem ? problem.fields : {};
	const never = day && time && !start ? t("bookings.never") : undefined;

	const save = async (event: Event) => {
		event.preventDefault();
		if (!start) return;
		setBusy(true);
		setProblem(undefined);
		try {
			const call = api.PATCH("/api/account/bookings/{id}/", {
				params: { path: { id: booking.id } },
				body: { scheduled_start: start.toISOString(), customer_notes: notes },
			});
			done(await body(call));
			toast(t("bookings.asked"));
		} catch (error) {
			setProblem(error);
		}
		setBusy(false);
	};

	return (
		<form onSubmit={save}>
			<p class="quiet">{t("bookings.zone", { zone: zoneName(ownZone), minutes: booking.session_minutes })}</p>
			<div class="account-when">
				<Field label={t("bookings.day")} error={never ?? fields["scheduled_start"]}>
					{(control) => (
						<input
							{...control}
							type="date"
							required
							min={shownAt(new Date(), ownZone).day}
							value={day}
							onInput={(event) => setDay(event.currentTarget.value)}
						/>
					)}
				</Field>
				<Field label={t("bookings.time")}>
					{(control) => (
						<input
							{...control}
							type="time"
							required
							value={time}
							onInput={(event) => setTime(event.currentTarget.value)}
						/>
					)}
				</Field>
			</div>
			<p role="status">
				{start &&
					booking.timezone !== ownZone &&
					t("bookings.theirs", {
						time: formatMoment(start.toISOString(), knownZone(booking.timezone)),
						zone: zoneName(booking.timezone),
					})}
			</p>
			<Field label={t("bookings.notes")} hint={t("bookings.notes.hint")} error={fields["customer_notes"]}>
				{(control) => (
					<textarea
						{...control}
						rows={4}
						maxLength={5000}
						value={notes}
						onInput={(event) => setNotes(event.currentTarget.value)}
					/>
				)}
			</Field>
			{problem !== undefined && Object.keys(fields).length === 0 && (
				<p class="notice bad" role="alert">
					{messageOf(problem)}
				</p>
			)}
			<Button type="submit" kind="primary" busy={busy}>
				{t("bookings.ask")}
			</Button>
		</form>
	);
}
