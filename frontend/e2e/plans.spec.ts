import { cancel, cards, choose, letters, may, pay, subscribe, typeCard } from "./checkout";
import { claims, expect, person, signUp, test } from "./souk";

test("a plan that is taken with a new card is there within two seconds", async ({ page, souk }) => {
	await signUp(page, person("iris"));
	await choose(page, letters.slug, "annually");
	await expect(page.getByText("Total due today")).toBeVisible();
	await typeCard(page, cards.good);
	expect((await pay(page)).status()).toBe(200);
	const began = Date.now();
	await expect
		.poll(() => may(souk, page, letters.feature), { intervals: [50], timeout: 2000, message: "the entitlement" })
		.toBe(true);
	console.log(`from the answer of the checkout to the entitlement: ${Date.now() - began} ms`);
	expect(await claims(page)).toMatchObject({
		v: 2,
		pla: "u:founder_letters",
		fea: "u:founder_letters,u:letter_archive",
	});
	await page.getByRole("button", { name: "Continue" }).click();
	await expect(page).toHaveURL(/account\/subscriptions/);
	await expect(page.getByRole("heading", { name: letters.name })).toBeVisible();
	await expect(page.getByText("Active", { exact: true })).toBeVisible();
});

test("a card that is declined gives nothing", async ({ page, souk }) => {
	await signUp(page, person("jane"));
	await choose(page, letters.slug);
	await typeCard(page, cards.declined);
	expect((await pay(page)).status()).toBeGreaterThanOrEqual(400);
	await expect(page.getByText(/declined/i).first()).toBeVisible();
	expect(await may(souk, page, letters.feature)).toBe(false);
	await typeCard(page, cards.good);
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);
});

test("who cancels keeps the plan until its period ends", async ({ page, souk }) => {
	await subscribe(souk, page, "kim");

	await cancel(page);
	await expect(page.getByText(/Ends|Canceled/).first()).toBeVisible();
	await page.goto("/account/subscriptions");
	await expect(page.getByText(/until|ends on/i).first()).toBeVisible();
	await souk.command("devcloud", "advance", "20d");
	expect(await may(souk, page, letters.feature)).toBe(true);
	await souk.command("devcloud", "advance", "12d");
	await expect.poll(() => may(souk, page, letters.feature)).toBe(false);
	await page.reload();
	await expect(page.getByRole("heading", { name: "Subscriptions" })).toBeVisible();
	await expect(page.getByText("Active", { exact: true })).toBeHidden();
});

test("who cancels in the drawer of the shop's own pages sees when the plan ends", async ({ page, souk }) => {
	await subscribe(souk, page, "kai");
	await page.goto("/pricing");
	await page.getByRole("button", { name: "See and change your subscription" }).click();
	await expect(page.getByRole("dialog").getByText("Renews at")).toBeVisible();
	await page.keyboard.press("Escape");
	await page.goto("/account/subscriptions");
	await page.getByRole("button", { name: "Change or cancel" }).click();
	await page.getByRole("button", { name: "Cancel subscription" }).click();
	await page.getByRole("button", { name: "Cancel subscription" }).last().click();
	await expect(page.getByRole("main").getByText(/^Ends on/)).toBeVisible();
});

test("who cannot pay is past due, and ends", async ({ page, souk }) => {
	await subscribe(souk, page, "lea", cards.goodOnce);
	await souk.command("devcloud", "advance", "32d");
	await page.goto("/account/subscriptions");
	await expect(page.getByText("Payment overdue")).toBeVisible();
	await souk.command("devcloud", "advance", "14d");
	await expect.poll(() => may(souk, page, letters.feature)).toBe(false);
});

test("the card is offered again for a change of the period", async ({ page, souk }) => {
	await subscribe(souk, page, "mia");
	await choose(page, letters.slug, "annually");
	await expect(page.getByText(/4242/).first()).toBeVisible();
	expect((await pay(page)).status()).toBe(200);
	await page.goto("/account/subscriptions");
	await expect(page.getByText(/Yearly/).first()).toBeVisible();
});
