import { expect, it } from "vitest";
import type { Booking, Download, Order, Subscription } from "../../api/types";
import { pick } from "./bought";

const order = { items: [{ id: 7, product: 3 }] } as Order;
const download = (order_item: number | null, can_download = true) => ({ order_item, can_download }) as Download;
const booking = (order_item: number | null, status = "requested") => ({ order_item, status }) as Booking;
const subscription = (product: number, status: string) => ({ product, status }) as Subscription;

it("picks what is of the order, and can be used", () => {
	const bought = pick(
		order,
		[download(7), download(8), download(7, false), download(null)],
		[booking(7), booking(7, "canceled"), booking(null), booking(8)],
		[subscription(3, "trialing"), subscription(3, "canceled"), subscription(4, "active")],
	);
	expect(bought.downloads).toEqual([download(7)]);
	expect(bought.bookings).toEqual([booking(7)]);
	expect(bought.subscriptions).toEqual([subscription(3, "trialing")]);
});
