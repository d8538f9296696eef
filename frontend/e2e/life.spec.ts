import { stat } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { buy, cardPage, download, order, pay as paid, payWith, seller, sold } from "./buyer";
import { cards, choose, features, letters, pay, typeCard } from "./checkout";
import { enterCode, expect, password, person, type Souk, signedIn, signedOut, signUp, test, token } from "./souk";

for (const width of [1280, 360])
	for (const colorScheme of ["light", "dark"] as const)
		test.describe(`at ${width} px, ${colorScheme}`, () => {
			test.use({ viewport: { width, height: 800 }, colorScheme });

			test("a buyer's whole life in the shop", ({ page, souk }) => live(page, souk));
		});

async function live(page: Page, souk: Souk) {
	test.setTimeout(240_000);
	const email = person("vera");
	await test.step("finds a guide and chooses how many", () => find(page));
	await test.step("signs up on the way to paying", () => signUpOnTheWay(page, email));
	const order = await test.step("pays", () => buy(page, "The First Hundred Customers", cards.good));
	await test.step("has the file", async () => {
		await page.getByRole("link", { name: "Download your file" }).click();
		const { bytes, sha256 } = await download(page, "The guide (PDF)");
		const asset = await sold(souk, "first-hundred-customers");
		expect(bytes, "all of the seller's file").toBe(asset.file_size_bytes);
		expect(sha256, "the seller's file, byte for byte").toBe(asset.checksum_sha256);
		await expect(page.getByText("9 downloads left")).toBeVisible();
	});
	await test.step("takes a plan", () => takePlan(souk, page));
	await test.step("buys a service", async () => {
		await page.goto("/products/pricing-review");
		await buy(page, "Pricing Review", cards.good);
	});
	await test.step("books a time, and cancels it", () => bookAndCancel(page));
	await test.step("sees what was refunded", async () => {
		await seller(souk, `/api/seller/orders/${order}/refund/`, { reason: "changed their mind" });
		await expect(async () => {
			await page.goto(`/account/purchases/${order}`); // the shop hears of it from Stripe
			await expect(page.getByRole("main").getByText("Refunded", { exact: true }).first()).toBeVisible({
				timeout: 2000,
			});
		}).toPass();
		await page.goto("/account/downloads");
		await expect(page.getByText("It was taken back, as after a refund.").first()).toBeVisible();
	});
	await test.step("signs out", async () => {
		await page.getByRole("button", { name: "Open user menu" }).click();
		await page.locator(".cl-userButtonPopoverActionButton__signOut").click();
		await signedOut(page);
		await expect(page.getByRole("banner").getByRole("link", { name: "Sign in" })).toBeVisible();
	});
}

async function find(page: Page) {
	await page.goto("/");
	await page.getByRole("banner").getByRole("link", { name: "Products" }).click();
	await page.getByRole("searchbox").fill("hundred");
	await expect(page).toHaveURL(/search=hundred/);
	await expect(page.getByText("1 product", { exact: true })).toBeVisible();
	await page.getByRole("link", { name: "The First Hundred Customers" }).click();
	await expect(page.getByRole("heading", { level: 1, name: "The First Hundred Customers" })).toBeVisible();
	await page.getByRole("radio", { name: /Team of ten/ }).check();
	await page.getByRole("button", { name: "One more" }).click();
	await expect(page.getByRole("status").filter({ hasText: "$198" })).toBeVisible();
}

async function signUpOnTheWay(page: Page, email: string) {
	await page.getByRole("button", { name: "Buy now" }).click();
	await expect(page).toHaveURL(/\/sign-in\?/);
	await page.locator(".cl-footerActionLink", { hasText: "Sign up" }).click();
	await page.locator("input[name=emailAddress]").fill(email);
	await page.locator("input[name=password]").fill(password);
	await page.keyboard.press("Enter");
	await enterCode(page, "424242");
	await expect(page).toHaveURL(/\/products\/first-hundred-customers\?/);
	await signedIn(page, email);
	await expect(page.getByRole("radio", { name: /Team of ten/ })).toBeChecked();
	await expect(page.getByLabel("Quantity")).toHaveValue("2");
}

async function takePlan(souk: Souk, page: Page) {
	await choose(page, letters.slug);
	await typeCard(page, cards.good);
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => features(souk, page)).toContain(letters.feature);
	await page.goto("/account/subscriptions");
	await expect(page.getByText("Active", { exact: true })).toBeVisible();
	await expect(page.getByText(/^Founder letters/).first()).toBeVisible();
}

async function bookAndCancel(page: Page) {
	await page.getByRole("link", { name: "Choose a time for your session" }).click();
	await page.getByRole("button", { name: "Choose a time" }).click();
	const soon = new Date(Date.now() + 3 * 24 * 60 * 60 * 1000);
	await page.getByLabel("Day").fill(soon.toISOString().slice(0, 10));
	await page.getByLabel("Time", { exact: true }).fill("10:30");
	await page.getByRole("button", { name: "Ask for this time" }).click();
	await expect(page.getByText("Requested", { exact: true })).toBeVisible();
	await expect(page.getByRole("main").getByText(/10:30/).first()).toBeVisible();
	await page.getByRole("button", { name: "Cancel the session" }).click();
	await page.getByRole("dialog").getByRole("button", { name: "Cancel the session" }).click();
	await expect(page.getByText("Canceled", { exact: true })).toBeVisible();
	await expect(page.getByRole("button", { name: "Choose a time" })).toBeVisible(); // what was paid for comes back
}

test("a purchase with the keyboard alone", async ({ page }) => {
	const email = person("walter");
	await page.goto("/sign-up");
	await expect(page.locator("input[name=emailAddress]")).toBeVisible();
	await tabTo(page, "input[name=emailAddress]");
	await page.keyboard.type(email);
	await tabTo(page, "input[name=password]");
	await page.keyboard.type(password);
	await page.keyboard.press("Enter");
	await enterCode(page, "424242");
	await signedIn(page, email);
	await page.goto("/products");
	await expect(async () => {
		await page.keyboard.press("/"); // means nothing until the scripts are here
		await expect(page.getByRole("searchbox")).toBeFocused({ timeout: 500 });
	}).toPass();
	await page.keyboard.type("hundred");
	await expect(page.getByText("1 product", { exact: true })).toBeVisible();
	await tabTo(page, "a[href='/products/first-hundred-customers']");
	await page.keyboard.press("Enter");
	await expect(page.getByRole("heading", { level: 1, name: "The First Hundred Customers" })).toBeVisible();
	await tabTo(page, "input[type=radio]");
	await page.keyboard.press("ArrowDown");
	await expect(page.getByRole("radio", { name: /Team of ten/ })).toBeChecked();
	await tabTo(page, "button[type=submit]");
	await page.keyboard.press("Enter");
	await cardPage(page);
	await tabTo(page, "#card");
	await page.keyboard.type(cards.good);
	await page.keyboard.press("Enter");
	await expect(page.getByRole("heading", { name: "Thank you, it is yours" })).toBeVisible();
});

/** tabTo presses Tab until what the selector names has the focus. */
async function tabTo(page: Page, selector: string) {
	for (let n = 0; n < 60; n++) {
		if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
		await page.keyboard.press("Tab");
	}
	throw new Error(`Tab does not lead to ${selector}`);
}

test("a declined card, then a good one", async ({ page }) => {
	await signUp(page, person("xenia"));
	await page.goto("/products/launch-week-kit");
	await page.getByRole("button", { name: "Buy now" }).click();
	await cardPage(page);
	await payWith(page, cards.declined);
	await expect(page.getByRole("alert")).toContainText(/declined/i);
	await payWith(page, cards.good);
	await expect(page.getByRole("heading", { name: "Thank you, it is yours" })).toBeVisible();
});

test("who turns back from paying finds the order, and pays then", async ({ page }) => {
	await signUp(page, person("yves"));
	await page.goto("/products/launch-week-kit");
	await page.getByRole("button", { name: "Buy now" }).click();
	await cardPage(page);
	await page.getByRole("link", { name: "Cancel, back to the shop" }).click();
	await expect(page.getByRole("heading", { name: "You have not paid yet" })).toBeVisible();
	await page.getByRole("link", { name: "Go on to payment" }).click();
	await cardPage(page);
	await payWith(page, cards.good);
	await expect(page.getByRole("heading", { name: "Thank you, it is yours" })).toBeVisible();
});

test("a payment of which the shop hears late", async ({ page, souk }) => {
	// stripe does something on the stand-in's page of controls.
	const stripe = async (form: Record<string, string>) =>
		expect((await page.request.post("/__stripe/do/", { form })).ok(), JSON.stringify(form)).toBe(true);
	await signUp(page, person("zoe"));
	await page.goto("/products/launch-week-kit");
	await page.getByRole("button", { name: "Buy now" }).click();
	await cardPage(page);
	try {
		await stripe({ do: "hold" });
		await stripe({ do: "break", times: "100", calls: "/v1/", end: "503" }); // and the shop cannot ask
		await payWith(page, cards.good);
		await expect(page.getByRole("heading", { name: "Your payment is being confirmed" })).toBeVisible();
		await stripe({ do: "mend" });
		await stripe({ do: "release" });
		await expect(page.getByRole("heading", { name: "Thank you, it is yours" })).toBeVisible({ timeout: 30_000 });
	} finally {
		await stripe({ do: "mend" });
		await stripe({ do: "unhold" });
	}
	const grants = (await souk.api(await token(page), "/api/account/downloads/")).body;
	expect(grants, "one file, whoever told first").toHaveLength(1);
});

test("a session that ends meanwhile leads to the sign-in and back", async ({ page, context, browser, souk }) => {
	const email = person("quinn");
	await page.clock.install();
	await signUp(page, email);
	await page.goto("/products/quiet-hours?quantity=3");
	await signedIn(page, email);
	// The same session, signed out elsewhere: this browser does not hear of it.
	const copy = await browser.newContext({ baseURL: souk.origin, storageState: await context.storageState() });
	const other = await copy.newPage();
	await other.goto("/app");
	await signedIn(other, email);
	// biome-ignore lint/suspicious/noExplicitAny: Clerk's SDK puts itself there
	await other.evaluate(() => (window as any).Clerk.signOut());
	await copy.close();

	await page.clock.fastForward("02:00"); // the token's minute is over
	await page.getByRole("button", { name: "Buy now" }).click();
	await expect(page).toHaveURL(/\/sign-in\?redirect_url=/);
	await page.locator("input[name=identifier]").fill(email);
	await page.keyboard.press("Enter");
	await page.locator("input[name=password]").fill(password);
	await page.keyboard.press("Enter");
	await expect(page).toHaveURL(/\/products\/quiet-hours\?.*quantity=3/);
	await signedIn(page, email);
	await expect(page.getByLabel("Quantity")).toHaveValue("3");
});

test("a file goes on loading while the buyer looks around", async ({ page, souk }) => {
	await signUp(page, person("tilda"));
	await paid(souk, await order(souk, await token(page), "first-hundred-customers"));
	await page.goto("/account/downloads");
	await expect(page.getByRole("button", { name: /Download/ })).toBeVisible();
	const wire = await page.context().newCDPSession(page);
	const slow = { offline: false, latency: 0, downloadThroughput: 2000, uploadThroughput: -1 };
	await wire.send("Network.emulateNetworkConditions", slow);
	const coming = page.waitForEvent("download");
	await page.getByRole("button", { name: /Download/ }).click();
	await expect(page.getByRole("progressbar")).toBeVisible();
	await page.getByRole("link", { name: "Overview" }).click();
	await expect(page.getByRole("heading", { level: 1, name: "Your account" })).toBeVisible();
	await wire.send("Network.emulateNetworkConditions", { ...slow, downloadThroughput: -1 });
	const { size } = await stat(await (await coming).path());
	expect(size).toBe((await sold(souk, "first-hundred-customers")).file_size_bytes);
});
