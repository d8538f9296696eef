import { Problem } from "../../api/problem";

/** What the shop needs to make an order of once, however often it is asked. */
export type Wanted = { price_id: number; quantity: number };

const name = "souk-order";

/**
 * The Idempotency-Key of an order: the same one for the same wish until it is settled, over reloads, too. So a second click, or
 * another try after an answer that got lost, makes no second order.
 */
export function orderKey({ price_id, quantity }: Wanted, store: Storage = sessionStorage): string {
	const wish = `${price_id} ${quantity} `;
	const kept = store.getItem(name);
	if (kept?.startsWith(wish)) return kept.slice(wish.length);
	const key = randomKey();
	store.setItem(name, wish + key);
	return key;
}

/** The wish was granted or refused for good: the next one is another. */
export function settleOrder(store: Storage = sessionStorage) {
	store.removeItem(name);
}

/** Whether an error is the shop's last word: the shop keeps it for the key. The others leave open whether there is an order. */
export function isFinal(error: unknown): boolean {
	if (!(error instanceof Problem)) return false;
	return error.status < 500 && ![401, 429].includes(error.status) && error.code !== "idempotency_running";
}

/** Random, also on pages without https, where randomUUID is not. */
function randomKey(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
