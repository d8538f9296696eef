import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { order, pay, seller } from "./buyer";
import { expect, password, person, type Souk, signUp, test, token } from "./souk";

const routes: { pattern: string }[] = JSON.parse(readFileSync("routes.json", "utf8"));

/** Whether the shop has a page. */
const has = (path: string) => routes.some(({ pattern }) => pattern.replace(/\/\*$/, "") === path);

// Colours do not depend on the width, nor does what is wide on the colours: two looks see both widths and both themes.
const looks = [
	{ width: 1280, colorScheme: "light" },
	{ width: 360, colorScheme: "dark" },
] as const;

/** look checks a page that is drawn, on a wide light screen and a small dark one; `name` is what a fault is reported under. */
async function look(page: Page, name: string) {
	await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
	const heading = page.locator("h1:visible:not([class*=cl-])"); // Clerk's components bring their own
	await expect(heading, `${name} has one heading of the first level`).toHaveCount(1);
	expect(await heading.innerText(), `the heading of ${name}`).not.toBe("");
	await expect(page, `the title of ${name}`).toHaveTitle(name === "/" ? /^Souk/ : /\S · Souk$/);
	await expect(page.locator("html")).toHaveAttribute("lang", "en");
	for (const { width, colorScheme } of looks) {
		await page.setViewportSize({ width, height: 800 });
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
		const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
		expect.soft(found, `axe at ${name}, ${width} px, ${colorScheme}`).toEqual([]);
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		expect.soft(wide, `${name} scrolls sideways at ${width} px`).toBe(0);
	}
	await page.setViewportSize({ width: 1280, height: 800 });
	await page.emulateMedia({ colorScheme: "light" });
}

test("pages for everybody", async ({ page, souk }) => {
	test.setTimeout(180_000);
	const wide = "Donaudampfschifffahrtsgesellschaftskapitänsmützenverordnung";
	const product = await seller(souk, "/api/seller/products/", { name: wide, tagline: wide, visibility: "published" });
	for (const name of [wide, "One"])
		await seller(souk, `/api/seller/products/${product.id}/prices/`, { name, amount_cents: 12345, currency: "KWD" });
	for (const path of [
		"/",
		"/products",
		"/products?search=launch",
		"/products?search=nothing-is-called-so",
		"/products/first-hundred-customers",
		"/products/pricing-review",
		`/products/${product.slug}`,
	]) {
		expect((await page.goto(path))?.status(), path).toBe(200);
		await look(page, path);
	}
	expect(await page.evaluate(() => "Clerk" in window), "Clerk's scripts are loaded").toBe(false);
	for (const path of ["/nothing", "/products/nothing"]) {
		expect((await page.goto(path))?.status(), path).toBe(404);
		await look(page, path);
	}
});

test("the plans are never an empty page", async ({ browser, souk }) => {
	const page = await browser.newPage({ baseURL: souk.origin });
	await page.addInitScript(() => {
		const seen: string[] = [];
		const look = () => {
			const main = document.querySelector<HTMLElement>("main");
			if (main?.querySelector(".product-card")) seen.push("ours");
			else if (main?.querySelector(".cl-pricingTableCard")) seen.push("Clerk's");
			else if (seen.length > 0) seen.push("nothing");
			requestAnimationFrame(look);
		};
		look();
		Object.assign(window, { seen });
	});
	await page.goto("/pricing");
	await expect(page.locator(".cl-pricingTableCard").first()).toBeVisible();
	const seen = await page.evaluate(() => [...new Set(Reflect.get(window, "seen") as string[])]);
	expect(seen).toEqual(["ours", "Clerk's"]);
	await page.close();
});

test("pages with Clerk's components, and after the payment, signed out", async ({ page }) => {
	test.setTimeout(120_000);
	await page.goto("/pricing");
	await expect(page.locator(".cl-pricingTableCard").first()).toBeVisible();
	await look(page, "/pricing");
	for (const path of ["/sign-in", "/sign-up"]) {
		await page.goto(path);
		await expect(page.locator("input[name=emailAddress], input[name=identifier]").first()).toBeVisible();
		await expect(page.getByRole("button", { name: "Continue" })).toHaveCSS("background-color", "rgb(178, 58, 30)"); // --brand
		await look(page, path);
	}
	for (const path of ["/checkout/success", "/checkout/cancel", "/account/purchases", "/account/bookings"].filter(has)) {
		await page.goto(path);
		await look(page, path);
	}
});

const account = ["/app", "/account/purchases", "/account/subscriptions", "/account/downloads", "/account/bookings"];

test("a new account, without anything, then full", async ({ page, souk }) => {
	test.setTimeout(180_000);
	await signUp(page, person("pia"));
	for (const path of account.filter(has)) {
		await page.goto(path);
		await look(page, `${path}, empty`);
	}
	await page.setViewportSize({ width: 360, height: 800 });
	await page.goto("/account/bookings");
	await expect(page.getByRole("link", { name: "Sessions" }), "the page's own link").toBeInViewport({ ratio: 1 });
	await page.goto("/account/profile");
	await expect(page.locator(".cl-userProfile-root, .cl-profilePage").first()).toBeVisible();
	await look(page, "/account/profile");

	const ids = await fill(souk, page);
	for (const path of account.filter(has)) {
		await page.goto(path);
		await look(page, `${path}, full`);
	}
	if (has("/account/purchases/:id")) {
		await page.goto(`/account/purchases/${ids[0]}`);
		await look(page, "a purchase");
		await page.goto("/account/purchases/00000000-0000-4000-8000-000000000000");
		await look(page, "a purchase of nobody");
	}
	await page.goto(`/checkout/success?order=${ids[0]}`);
	await expect(page.getByText("One reader").or(page.getByText("The First Hundred Customers")).first()).toBeVisible();
	await look(page, "/checkout/success, paid");
});

/** fill has the signed-in person buy a guide, a worksheet and a service, and gives the ids of the orders. */
async function fill(souk: Souk, page: Page): Promise<string[]> {
	const buyer = await token(page, true);
	const paid = await order(souk, buyer, "first-hundred-customers");
	await pay(souk, paid);
	const free = await order(souk, buyer, "ten-questions");
	const service = await order(souk, buyer, "pricing-review");
	await pay(souk, service);
	const waiting = await order(souk, buyer, "quiet-hours");
	return [paid, free, service, waiting];
}

test("who is offline is told, and can try again", async ({ page, context }) => {
	await page.goto("/products");
	await expect(page.getByRole("heading", { name: "Quiet Hours" })).toBeVisible();
	await context.setOffline(true);
	const said = page.getByRole("status").filter({ hasText: "You are offline." });
	await expect(said).toBeVisible();
	await page.getByRole("searchbox").fill("launch");
	await expect(page.getByRole("alert")).toContainText(/offline|cannot be reached/i);
	await look(page, "/products, offline");
	await context.setOffline(false);
	await expect(said).toHaveCount(0);
	await page.getByRole("button", { name: "Try again" }).click();
	await expect(page.getByRole("heading", { name: "Launch Week Kit" })).toBeVisible();
});

test("a page whose script cannot come says so, and others still do", async ({ browser, souk }) => {
	const context = await browser.newContext({ baseURL: souk.origin }); // its console tells the error
	const page = await context.newPage();
	await page.goto("/products");
	await expect(page.getByRole("heading", { name: "Quiet Hours" })).toBeVisible();
	await context.setOffline(true);
	await page.getByRole("heading", { name: "Quiet Hours" }).click();
	await expect(page.getByRole("heading", { level: 1, name: "This page stumbled" })).toBeVisible();
	await look(page, "a page that stumbled");
	await page.getByRole("banner").getByRole("link", { name: "Products" }).click();
	await expect(page.getByRole("heading", { name: "Launch Week Kit" })).toBeVisible();
	await page.getByRole("heading", { name: "Quiet Hours" }).click();
	await context.setOffline(false);
	await page.getByRole("button", { name: "Load the page again" }).click();
	await expect(page.getByRole("heading", { level: 1, name: "Quiet Hours" })).toBeVisible();
	await context.close();
});

test("a page whose script is gone, as after a new release, is loaded anew", async ({ page }) => {
	await page.goto("/products");
	await page.route("**/assets/product-*.js", (route) => route.fulfill({ status: 404 }), { times: 1 });
	await page.getByRole("heading", { name: "Launch Week Kit" }).click();
	await expect(page.getByRole("button", { name: "Buy now" })).toBeVisible();
	await page.getByRole("button", { name: "One more" }).click();
	await expect(page.getByLabel("Quantity")).toHaveValue("2");
});

/** texts are those of a language, by key. */
function texts(language: string): Record<string, string> {
	const parts = ["shell", "home", "catalog", "checkout", "account", "bookings"];
	return Object.assign({}, ...parts.map((one) => JSON.parse(readFileSync(`messages/${language}/${one}.json`, "utf8"))));
}

test.describe("in German", () => {
	test.use({ locale: "de-DE" });

	test("no text is English", async ({ page }) => {
		for (const path of ["/", "/products", "/products/first-hundred-customers", "/checkout/success", "/nothing"]) {
			await page.goto(path);
			await isGerman(page, path);
		}
		await page.goto("/pricing");
		await expect(page.locator(".cl-pricingTableCard").first()).toContainText("Abonnieren");
		await isGerman(page, "/pricing", ["Free"]); // so a plan is called
	});

	test("no text is English for who is signed in", async ({ page, souk }) => {
		test.setTimeout(120_000);
		await page.goto("/sign-up");
		await page.locator("input[name=emailAddress]").fill(person("greta"));
		await page.locator("input[name=password]").fill(password);
		await page.keyboard.press("Enter");
		await expect(page.getByText("Bestätigen Sie Ihre E-Mail")).toBeVisible();
		await isGerman(page, "/sign-up");
		await page.keyboard.type("424242");
		await expect(page).not.toHaveURL(/sign-up/);
		for (const path of account) {
			await page.goto(path);
			await isGerman(page, `${path}, empty`);
		}
		const [paid] = await fill(souk, page);
		for (const path of [
			...account,
			`/account/purchases/${paid}`,
			`/checkout/success?order=${paid}`,
			"/account/profile",
		]) {
			await page.goto(path);
			await isGerman(page, `${path}, full`);
		}
	});
});

/** isGerman looks for English texts of ours on a page. */
async function isGerman(page: Page, name: string, names: string[] = []) {
	const [english, german] = [texts("en"), texts("de")];
	const words = new Set(Object.values(german));
	const foreign = new Set(Object.values(english).filter((text) => !words.has(text)));
	await expect(page.locator("html")).toHaveAttribute("lang", "de");
	await expect(page.locator("main h1").first()).toBeVisible();
	await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
	const lines = (await page.locator("body").innerText()).split("\n").map((line) => line.trim());
	const found = lines.filter((line) => foreign.has(line) && !names.includes(line));
	expect.soft(found, `English on ${name}`).toEqual([]);
}

test("language and appearance are kept", async ({ page }) => {
	await page.goto("/products");
	await page.getByLabel("Appearance").selectOption("dark");
	await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
	await page.getByLabel("Language").selectOption("de");
	await expect(page.locator("html")).toHaveAttribute("lang", "de");
	const answer = await page.goto("/");
	expect(await answer?.text(), "the server writes both").toMatch(
		/<html[^>]* lang="de"[^>]*data-theme="dark"|<html[^>]*data-theme="dark"[^>]* lang="de"/,
	);
	await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
	await page.getByLabel(texts("de")["shell.theme"] ?? "").selectOption("system");
	await page.getByLabel(texts("de")["shell.language"] ?? "").selectOption("en");
	await expect(page.locator("html")).toHaveAttribute("lang", "en");
	await expect(page.locator("html")).not.toHaveAttribute("data-theme", /./);
});
