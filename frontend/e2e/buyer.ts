// What a buyer and a seller do without a page.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, type Souk } from "./souk";

/** order has somebody order the first price of a product, and gives the order's id. */
export async function order(souk: Souk, buyer: string, slug: string): Promise<string> {
	const product = (await souk.api(buyer, `/api/products/${slug}/`)).body;
	const { status, body } = await souk.api(buyer, "/api/account/orders/create/", {
		method: "POST",
		body: { price_id: product.active_price.id },
	});
	expect(status, JSON.stringify(body)).toBe(201);
	return body.order.public_id;
}

/** seller asks something of the shop's API as the seller of the demo shop. */
export async function seller(souk: Souk, path: string, body?: unknown) {
	const own = await souk.command("token", "--as", "seller@example.test");
	const answer = await souk.api(own, path, body === undefined ? {} : { method: "POST", body });
	expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status);
	return answer.body;
}

/** pay has the seller confirm that an order was paid outside the shop. */
export async function pay(souk: Souk, order: string) {
	await seller(souk, `/api/seller/orders/${order}/mark-paid/`, { note: "paid in cash" });
}

/** cardPage waits for the page to pay on. */
export async function cardPage(page: Page) {
	await expect(page).toHaveURL(/\/__stripe\/pay\//);
}

/** payWith pays with a card on the page to pay on. */
export async function payWith(page: Page, card: string) {
	await page.getByLabel("Card number").fill(card);
	await page.getByRole("button", { name: /^Pay / }).click();
}

/** buy buys what the product's page has chosen, and gives the order's id. */
export async function buy(page: Page, name: string, card: string): Promise<string> {
	await page.getByRole("button", { name: "Buy now" }).click();
	await cardPage(page);
	await payWith(page, card);
	await expect(page.getByRole("heading", { name: "Thank you, it is yours" })).toBeVisible();
	await expect(page.getByRole("main").getByText(name)).toBeVisible();
	const order = new URL(page.url()).searchParams.get("order");
	expect(order).toBeTruthy();
	return order ?? "";
}

/** download takes a file on the page of downloads, and says how large it is and what its checksum is. */
export async function download(page: Page, file: string) {
	const [saved] = await Promise.all([
		page.waitForEvent("download"),
		page.getByRole("button", { name: `Download ${file}` }).click(),
	]);
	const bytes = await readFile(await saved.path());
	return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** sold is the first file of a product, as its seller knows it. */
export async function sold(souk: Souk, slug: string): Promise<{ file_size_bytes: number; checksum_sha256: string }> {
	const products = await seller(souk, "/api/seller/products/");
	return products.find((product: { slug: string }) => product.slug === slug).assets[0];
}
