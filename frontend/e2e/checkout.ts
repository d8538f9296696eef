import type { Page } from "@playwright/test";
import { expect, person, type Souk, signUp, token } from "./souk";

// The plans of the demo shop (data/devcloud/plans.json); the circle begins with a trial for who never had a plan.
export const letters = { name: "Founder Letters", slug: "founder_letters", feature: "founder_letters" };
export const circle = { name: "Founder Circle", slug: "founder_circle", feature: "founder_circle" };

/** What Stripe's test cards do, which are all that the stand-in's form takes. */
export const cards = { good: "4242424242424242", declined: "4000000000000002", goodOnce: "4000000000000341" };

/** choose opens the checkout of a plan, by the month unless yearly is asked for. */
export async function choose(page: Page, plan: string, period: "monthly" | "annually" = "monthly") {
	await page.goto("/pricing");
	const card = page.locator(`.cl-pricingTableCard__${plan}`);
	await expect(card).toBeVisible();
	const yearly = card.getByRole("switch");
	if ((await yearly.count()) > 0 && (await yearly.isChecked()) !== (period === "annually")) await yearly.press("Space");
	await card.getByRole("button", { name: /Subscribe|trial|Switch|subscribe/ }).click();
	await expect(checkout(page).getByText("Total due today")).toBeVisible();
}

/** checkout is the drawer in which a plan is paid. */
export function checkout(page: Page) {
	return page.locator(".cl-checkout-root");
}

/** line is the amount beside a text of the checkout. */
export function line(page: Page, text: string | RegExp) {
	return checkout(page).locator(".cl-lineItemsGroup").filter({ hasText: text });
}

/** typeCard fills in the form for a new card. */
export async function typeCard(page: Page, number: string) {
	await page.getByLabel("Card number").fill(number);
	await page.getByLabel(/Expiration date/).fill("12/44");
	await page.getByLabel("Security code").fill("123");
}

/** pay takes what the checkout offers. */
export async function pay(page: Page) {
	const confirmed = page.waitForResponse((r) => r.url().includes("/confirm") && r.request().method() === "POST");
	await checkout(page)
		.getByRole("button", { name: /^(Pay|Start|Confirm|Subscribe)/ })
		.last()
		.click();
	return await confirmed;
}

/** features are those that the shop itself gives now, whatever the token says. */
export async function features(souk: Souk, page: Page): Promise<string[]> {
	const { status, body } = await souk.api(await token(page), "/api/account/entitlements/");
	expect(status).toBe(200);
	return body.map((entitlement: { feature_key: string }) => entitlement.feature_key).sort();
}

/** may says whether the shop gives the feature. */
export async function may(souk: Souk, page: Page, feature: string): Promise<boolean> {
	return (await features(souk, page)).includes(feature);
}

/** subscribe has somebody new take Founder Letters by the month, and waits until the shop gives them. */
export async function subscribe(souk: Souk, page: Page, name: string, card = cards.good) {
	await signUp(page, person(name));
	await choose(page, letters.slug);
	await typeCard(page, card);
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);
}

/** cancel ends the plan with its period, on Clerk's page of the account. */
export async function cancel(page: Page) {
	await page.goto("/account/profile/billing");
	await page.getByRole("button", { name: "Manage" }).first().click();
	await page.getByRole("button", { name: "Cancel subscription" }).click();
	await page.getByRole("button", { name: "Cancel subscription" }).last().click();
}
