import { useState } from "preact/hooks";
import { api, body } from "../../api/client";
import { messageOf } from "../../api/problem";
import type { Booking } from "../../api/types";
import { t } from "../../lib/i18n";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";
import { BookingForm } from "./booking-form";
import { When } from "./when";

type Props = { booking: Booking; show: (booking: Booking) => void; again: () => void };

const tones = { requested: "warn", confirmed: "good", completed: "quiet", canceled: "quiet" } as const;

/** A session: when it is, where it stands, and what can be done about it. */
export function BookingRow({ booking, show, again }: Props) {
	const [asked, ask] = useState<"time" | "cancel">();
	const { status, scheduled_start, timezone, meeting_url, customer_notes } = booking;
	const open = status === "requested" || status === "confirmed";
	const state = status === "requested" && !scheduled_start ? "unscheduled" : status;
	return (
		<>
			<div>
				<h2>{booking.product_name}</h2>
				{scheduled_start && (
					<p>
						<When start={scheduled_start} zone={timezone} />
					</p>
				)}
				{customer_notes && <p class="quiet">{customer_notes}</p>}
				{meeting_url && status === "confirmed" && (
					<p>
						<a href={meeting_url} rel="noopener noreferrer" target="_blank">
							{t("bookings.join")}
						</a>
					</p>
				)}
			</div>
			<div class="account-side">
				<Badge tone={tones[status]}>{t(`state.booking.${state}`)}</Badge>
				{status === "requested" && (
					<Button kind={scheduled_start ? "plain" : "primary"} onClick={() => ask("time")}>
						<Icon name="calendar" />
						{scheduled_start ? t("bookings.change") : t("bookings.choose")}
					</Button>
				)}
				{open && <Button onClick={() => ask("cancel")}>{t("bookings.cancel")}</Button>}
			</div>
			<Dialog title={booking.product_name} open={asked === "time"} onClose={() => ask(undefined)}>
				<BookingForm
					booking={booking}
					done={(changed) => {
						show(changed);
						ask(undefined);
					}}
				/>
			</Dialog>
			<Dialog title={t("bookings.cancel.title")} open={asked === "cancel"} onClose={() => ask(undefined)}>
				<p>{booking.order_item && !scheduled_start ? t("bookings.cancel.lost") : t("bookings.cancel.text")}</p>
				<div class="row">
					<Button
						kind="danger"
						onClick={() => {
							ask(undefined);
							void cancel(booking, show, again);
						}}
					>
						{t("bookings.cancel")}
					</Button>
					<Button onClick={() => ask(undefined)}>{t("bookings.keep")}</Button>
				</div>
			</Dialog>
		</>
	);
}

/** Shows the session as canceled at once, and as it was when the shop refuses. */
async function cancel(booking: Booking, show: Props["show"], again: Props["again"]) {
	show({ ...booking, status: "canceled" });
	try {
		show(await body(api.POST("/api/account/bookings/{id}/cancel/", { params: { path: { id: booking.id } } })));
		toast(t("bookings.canceled"));
		again(); // a session that was paid for comes back as a new one
	} catch (error) {
		show(booking);
		toast(messageOf(error), { bad: true });
	}
}
