import type { Booking, Download, Order, Subscription } from "../../api/types";
import { formatDate } from "../../lib/dates";
import { t, tn } from "../../lib/i18n";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";

export type Held = { orders: Order[]; subscriptions: Subscription[]; downloads: Download[]; bookings: Booking[] };

export type Need = { text: string; to: string; action: string };

const week = 7 * 24 * 60 * 60 * 1000;

/** What waits for the reader: payments, times, files that will be gone soon. */
export function needs({ orders, subscriptions, downloads, bookings }: Held, now = Date.now()): Need[] {
	const all: Need[] = [];
	for (const { product_name, status } of subscriptions)
		if (status === "past_due")
			all.push({
				text: t("needs.overdue", { plan: product_name }),
				to: config.portal || `${paths.profile()}/billing`,
				action: t("needs.card"),
			});
	for (const { status, public_id, items } of orders)
		if (status === "pending_payment")
			all.push({
				text: t("needs.unpaid", { what: items[0]?.product_name_snapshot ?? "" }),
				to: paths.purchase(public_id),
				action: t("purchase.pay"),
			});
	const open = bookings.filter(({ status, scheduled_start }) => status === "requested" && !scheduled_start).length;
	if (open > 0) all.push({ text: tn("needs.sessions", open), to: paths.bookings(), action: t("bookings.choose") });
	for (const { can_download, expires_at, asset_title } of downloads)
		if (can_download && expires_at && Date.parse(expires_at) - now < week)
			all.push({
				text: t("needs.file", { file: asset_title, date: formatDate(expires_at) }),
				to: paths.downloads(),
				action: t("downloads.download"),
			});
	return all;
}

/** The session that is next. */
export function nextSession(bookings: Booking[], now = Date.now()): Booking | undefined {
	const coming = bookings.filter(
		({ status, scheduled_start }) =>
			(status === "confirmed" || status === "requested") &&
			scheduled_start !== null &&
			Date.parse(scheduled_start) > now,
	);
	return coming.sort((a, b) => Date.parse(a.scheduled_start ?? "") - Date.parse(b.scheduled_start ?? ""))[0];
}
