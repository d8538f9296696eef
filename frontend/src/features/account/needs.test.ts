import { expect, it } from "vitest";
import type { Booking, Download, Order, Subscription } from "../../api/types";
import { whyNot } from "./download-row";
import { needs, nextSession } from "./needs";

const now = Date.parse("2026-11-23T12:00:00Z");
const nothing = { orders: [], subscriptions: [], downloads: [], bookings: [] };
const file = (more: object) =>
	({ asset_title: "Guide", can_download: true, expires_at: null, ...more }) as unknown as Download;
const session = (status: string, scheduled_start: string | null) => ({ status, scheduled_start }) as unknown as Booking;
const texts = (held: object) => needs({ ...nothing, ...held }, now).map(({ text }) => text);

it("asks for nothing of who has nothing to do", () => {
	expect(needs(nothing, now)).toEqual([]);
	expect(
		texts({
			downloads: [
				file({ expires_at: "2027-01-01T00:00:00Z" }),
				file({ expires_at: "2026-11-24T00:00:00Z", can_download: false }),
			],
		}),
	).toEqual([]);
	expect(texts({ bookings: [session("confirmed", null), session("requested", "2026-12-01T09:00:00Z")] })).toEqual([]);
});

it("asks for what waits, payments first", () => {
	const orders = [
		{ status: "pending_payment", public_id: "x", items: [{ product_name_snapshot: "Launch Kit" }] },
	] as unknown as Order[];
	const subscriptions = [{ status: "past_due", product_name: "Letters" }] as unknown as Subscription[];
	const downloads = [file({ expires_at: "2026-11-25T00:00:00Z" })];
	const bookings = [session("requested", null), session("requested", null)];
	expect(texts({ orders, subscriptions, downloads, bookings })).toEqual([
		"The payment for Letters is overdue.",
		"Launch Kit is not paid yet.",
		"2 sessions have no time yet.",
		"Guide can be downloaded until November 25, 2026.",
	]);
});

it("finds the session that is next", () => {
	const all = [
		session("confirmed", "2026-12-02T09:00:00Z"),
		session("confirmed", "2026-11-23T11:00:00Z"),
		session("canceled", "2026-11-24T09:00:00Z"),
		session("requested", "2026-12-01T09:00:00Z"),
		session("requested", null),
	];
	expect(nextSession(all, now)).toBe(all[3]);
	expect(nextSession([], now)).toBeUndefined();
});

it.each([
	[{ is_active: false, expires_at: null }, "It was taken back, as after a refund."],
	[{ is_active: true, expires_at: "2026-11-23T12:00:00Z" }, "The time to download it has passed."],
	[{ is_active: true, expires_at: null }, "It was downloaded as often as was bought."],
])("says why %j cannot be downloaded", (grant, why) => {
	expect(whyNot(grant, now)).toBe(why);
});
