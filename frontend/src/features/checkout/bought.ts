import { api, body } from "../../api/client";
import type { Booking, Download, Order, Subscription } from "../../api/types";

/** What an order gave its buyer. */
export type Bought = { order: Order; downloads: Download[]; bookings: Booking[]; subscriptions: Subscription[] };

/** Fetches an order of the signed-in user with what it gave. */
export async function fetchBought(publicId: string, signal: AbortSignal): Promise<Bought> {
	const [order, downloads, bookings, subscriptions] = await Promise.all([
		body(api.GET("/api/account/orders/{public_id}/", { params: { path: { public_id: publicId } }, signal })),
		body(api.GET("/api/account/downloads/", { signal })),
		body(api.GET("/api/account/bookings/", { signal })),
		body(api.GET("/api/account/subscriptions/", { signal })),
	]);
	return pick(order, downloads, bookings, subscriptions);
}

/** What of a buyer's things is of an order. */
export function pick(order: Order, downloads: Download[], bookings: Booking[], subscriptions: Subscription[]): Bought {
	const items = new Set(order.items.map(({ id }) => id));
	const products = new Set(order.items.map(({ product }) => product));
	return {
		order,
		downloads: downloads.filter(({ order_item, can_download }) => can_download && items.has(order_item ?? 0)),
		bookings: bookings.filter(
			({ order_item, status }) => status !== "canceled" && order_item !== null && items.has(order_item),
		),
		subscriptions: subscriptions.filter(
			({ product, status }) => product !== null && products.has(product) && ["active", "trialing"].includes(status),
		),
	};
}
