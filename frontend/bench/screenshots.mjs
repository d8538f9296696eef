// Draws every page at both widths into docs/img/, light on a wide screen and dark on a small one: SOUK_BIN=… node bench/screenshots.mjs
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser, openShop, signIn } from "./shop.mjs";

const folder = join(import.meta.dirname, "../../docs/img");
const routes = JSON.parse(await readFile(join(import.meta.dirname, "../routes.json"), "utf8")).map(
	(one) => one.pattern,
);
const looks = [
	{ name: "wide", viewport: { width: 1280, height: 860 }, colorScheme: "light" },
	{ name: "small", viewport: { width: 360, height: 780 }, colorScheme: "dark" },
];
const pages = [
	{ name: "home", path: "/" },
	{ name: "pricing", path: "/pricing" },
	{ name: "products", path: "/products" },
	{ name: "product", path: "/products/first-hundred-customers", pattern: "/products/:slug" },
	{ name: "sign-in", path: "/sign-in", pattern: "/sign-in/*" },
	{ name: "sign-up", path: "/sign-up", pattern: "/sign-up/*" },
	{ name: "not-found", path: "/nothing", pattern: "/" },
	{ name: "dashboard", path: "/app", signedIn: true },
	{ name: "purchases", path: "/account/purchases", signedIn: true },
	{ name: "purchase", path: "/account/purchases/ORDER", pattern: "/account/purchases/:id", signedIn: true },
	{ name: "subscriptions", path: "/account/subscriptions", signedIn: true },
	{ name: "downloads", path: "/account/downloads", signedIn: true },
	{ name: "bookings", path: "/account/bookings", signedIn: true },
	{ name: "profile", path: "/account/profile", pattern: "/account/profile/*", signedIn: true },
	{ name: "success", path: "/checkout/success?order=ORDER", pattern: "/checkout/success", signedIn: true },
	{ name: "cancel", path: "/checkout/cancel?order=WAITING", pattern: "/checkout/cancel", signedIn: true },
].filter(({ path, pattern = path }) => routes.includes(pattern));

const shop = await openShop();
const browser = await openBrowser();
try {
	const context = await browser.newContext({ baseURL: shop.origin });
	await signIn(await context.newPage(), "buyer@example.test");
	const storageState = await context.storageState();
	await context.close();
	const orders = await buy();
	await mkdir(folder, { recursive: true });
	for (const { name: look, ...options } of looks)
		for (const { name, path, signedIn } of pages) {
			const context = await browser.newContext({
				baseURL: shop.origin,
				reducedMotion: "reduce",
				...options,
				...(signedIn && { storageState }),
			});
			const page = await context.newPage();
			await page.goto(path.replace("ORDER", orders.paid).replace("WAITING", orders.waiting), {
				waitUntil: "networkidle",
			});
			await page.locator("main :is([aria-busy=true], .skeleton)").first().waitFor({ state: "detached" });
			if (name === "pricing") await page.locator(".cl-pricingTableCard").first().waitFor();
			await page.evaluate(() => document.fonts.ready);
			await writeFile(join(folder, `${name}-${look}.webp`), await webp(page));
			await context.close();
		}
} finally {
	await browser.close();
	await shop.close();
}

/** buy has the demo's buyer order a few things, and gives the ids of an order that is paid and of one that is not. */
async function buy() {
	const buyer = await shop.command("token", "--as", "buyer@example.test");
	const seller = await shop.command("token", "--as", "seller@example.test");
	const ask = async (token, path, body) => {
		const answer = await fetch(shop.origin + path, {
			method: body ? "POST" : "GET",
			headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
			body: body && JSON.stringify(body),
		});
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return await answer.json();
	};
	const order = async (slug) => {
		const { active_price } = await ask(buyer, `/api/products/${slug}/`);
		return (await ask(buyer, "/api/account/orders/create/", { price_id: active_price.id })).order.public_id;
	};
	const paid = await order("first-hundred-customers");
	for (const id of [paid, await order("pricing-review")])
		await ask(seller, `/api/seller/orders/${id}/mark-paid/`, { note: "paid in cash" });
	return { paid, waiting: await order("launch-week-kit") };
}

/** webp is a small picture of what is in sight; Playwright itself writes only larger kinds. */
async function webp(page) {
	const session = await page.context().newCDPSession(page);
	for (let quality = 80; ; quality -= 10) {
		const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality });
		const picture = Buffer.from(data, "base64");
		if (picture.length <= 60_000 || quality <= 30) return picture;
	}
}
