import type { Page } from "@playwright/test";
import { expect, person, type Souk, signUp, test, token } from "./souk";

// The plans of the demo shop: data/devcloud/plans.json.
const letters = { name: "Founder Letters", slug: "founder_letters", feature: "founder_letters" };

/** choose opens the checkout of a plan, by the month unless yearly is asked for. */
async function choose(page: Page, plan: string, period: "monthly" | "annually" = "monthly") {
	await page.goto("/pricing");
	const card = page.locator(`.cl-pricingTableCard__${plan}`);
	await expect(card).toBeVisible();
	const yearly = card.getByRole("switch");
	if ((await yearly.count()) > 0 && (await yearly.isChecked()) !== (period === "annually")) await yearly.press("Space");
	await card.getByRole("button", { name: /Subscribe|trial|Switch|Resubscribe/ }).click();
	await expect(page.getByRole("button", { name: /^(Pay|Start|Confirm|Subscribe)/ }).last()).toBeVisible();
}

/** typeCard fills in the form for a new card. */
async function typeCard(page: Page, number: string) {
	await page.getByLabel("Card number").fill(number);
	await page.getByLabel(/Expiration date/).fill("12/44");
	await page.getByLabel("Security code").fill("123");
}

async function pay(page: Page) {
	const confirmed = page.waitForResponse((r) => r.url().includes("/confirm") && r.request().method() === "POST");
	await page
		.getByRole("button", { name: /^(Pay|Start|Confirm)/ })
		.last()
		.click();
	return await confirmed;
}

async function features(souk: Souk, page: Page): Promise<string[]> {
	const { body } = await souk.api(await token(page), "/api/account/entitlements/");
	return JSON.stringify(body).match(/[a-z]+_(letters|archive|[a-z]+)/g) ?? [];
}

/** may says whether the shop itself gives the feature, whatever the token says. */
async function may(souk: Souk, page: Page, feature: string): Promise<boolean> {
	return (await features(souk, page)).includes(feature);
}

test("a plan that is taken with a new card is there within two seconds", async ({ page, souk }) => {
	await signUp(page, person("iris"));
	await choose(page, letters.slug, "annually");
	await expect(page.getByText("Total due today")).toBeVisible();
	await typeCard(page, "4242424242424242");
	expect((await pay(page)).status()).toBe(200);
	const began = Date.now();
	await expect
		.poll(() => may(souk, page, letters.feature), { intervals: [50], timeout: 2000, message: "the entitlement" })
		.toBe(true);
	console.log(`from the answer of the checkout to the entitlement: ${Date.now() - began} ms`);
	await page.getByRole("button", { name: "Continue" }).click();
	await expect(page).toHaveURL(/account\/subscriptions/);
	await expect(page.getByRole("heading", { name: letters.name })).toBeVisible();
	await expect(page.getByText("Active", { exact: true })).toBeVisible();
});

test("a card that is declined gives nothing", async ({ page, souk }) => {
	await signUp(page, person("jane"));
	await choose(page, letters.slug);
	await typeCard(page, "4000000000000002");
	expect((await pay(page)).status()).toBeGreaterThanOrEqual(400);
	await expect(page.getByText(/declined/i).first()).toBeVisible();
	expect(await may(souk, page, letters.feature)).toBe(false);
	await typeCard(page, "4242424242424242");
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);
});

test("who cancels keeps the plan until its period ends", async ({ page, souk }) => {
	await signUp(page, person("kim"));
	await choose(page, letters.slug);
	await typeCard(page, "4242424242424242");
	await pay(page);
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);

	await page.goto("/account/profile/billing");
	await page.getByRole("button", { name: "Manage" }).first().click();
	await page.getByRole("button", { name: "Cancel subscription" }).click();
	await page.getByRole("button", { name: "Cancel subscription" }).last().click();
	await expect(page.getByText(/Ends|Canceled/).first()).toBeVisible();
	await page.goto("/account/subscriptions");
	await expect(page.getByText(/until|ends on/i).first()).toBeVisible();
	await souk.command("devcloud", "advance", "20d");
	expect(await may(souk, page, letters.feature)).toBe(true);
	await souk.command("devcloud", "advance", "12d");
	await expect.poll(() => may(souk, page, letters.feature)).toBe(false);
	await page.reload();
	await expect(page.getByRole("heading", { name: "Your subscriptions" })).toBeVisible();
	await expect(page.getByText("Active", { exact: true })).toBeHidden();
});

test("who cannot pay is past due, and ends", async ({ page, souk }) => {
	await signUp(page, person("lea"));
	await choose(page, letters.slug);
	await typeCard(page, "4000000000000341"); // pays now, and never again
	await pay(page);
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);
	await souk.command("devcloud", "advance", "32d");
	await page.goto("/account/subscriptions");
	await expect(page.getByText("Payment overdue")).toBeVisible();
	await souk.command("devcloud", "advance", "14d");
	await expect.poll(() => may(souk, page, letters.feature)).toBe(false);
});

test("the card is offered again for a change of the period", async ({ page, souk }) => {
	await signUp(page, person("mia"));
	await choose(page, letters.slug);
	await typeCard(page, "4242424242424242");
	await pay(page);
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);
	await choose(page, letters.slug, "annually");
	await expect(page.getByText(/4242/).first()).toBeVisible();
	expect((await pay(page)).status()).toBe(200);
	await page.goto("/account/subscriptions");
	await expect(page.getByText(/Yearly/).first()).toBeVisible();
});
