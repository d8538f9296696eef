import {
	cancel,
	cards,
	checkout,
	choose,
	circle,
	features,
	letters,
	line,
	may,
	pay,
	subscribe,
	typeCard,
} from "./checkout";
import { expect, person, signUp, test } from "./souk";

const ofLetters = ["founder_letters", "letter_archive"];
const ofCircle = ["founder_circle", ...ofLetters];

test("a trial is free, and is paid when it is over", async ({ page, souk }) => {
	await signUp(page, person("nina"));
	await choose(page, circle.slug);
	await expect(line(page, "Total due today")).toContainText("$0.00");
	await expect(line(page, "after trial ends in 14 days")).toContainText("$24.00");
	await typeCard(page, cards.good);
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => features(souk, page)).toEqual(ofCircle);
	await page.goto("/account/subscriptions");
	await expect(page.getByText("On trial")).toBeVisible();
	await expect(page.getByText(/First payment on/)).toBeVisible();

	await souk.command("devcloud", "advance", "15d");
	await page.reload();
	await expect(page.getByText("Active", { exact: true })).toBeVisible();
	await page.goto("/account/profile/billing?tab=payments");
	await expect(page.getByRole("row").filter({ hasText: "$24.00" })).toHaveText(/Paid/i);
	expect(await features(souk, page)).toEqual(ofCircle);
});

test("a year costs a year's price, and is in the statements", async ({ page, souk }) => {
	await signUp(page, person("olga"));
	await choose(page, letters.slug, "annually");
	await expect(line(page, "Total due today")).toContainText("$80.00");
	await expect(checkout(page).getByText("Billed annually")).toBeVisible();
	await typeCard(page, cards.good);
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => features(souk, page)).toEqual(ofLetters);
	await page.goto("/account/profile/billing?tab=statements");
	await expect(page.getByRole("row").filter({ hasText: "$80.00" })).toBeVisible();
	await souk.command("devcloud", "advance", "330d");
	expect(await features(souk, page)).toEqual(ofLetters);
});

test("a dearer plan is there at once for the difference, a cheaper one when the month is over", async ({
	page,
	souk,
}) => {
	await subscribe(souk, page, "pia");
	await expect.poll(() => features(souk, page)).toEqual(ofLetters);

	await choose(page, circle.slug);
	await expect(line(page, "Total due today")).toContainText("$16.00"); // 24 less the 8 that were paid just now
	await expect(checkout(page).getByText(/4242/).first()).toBeVisible();
	expect((await pay(page)).status()).toBe(200);
	await expect.poll(() => features(souk, page)).toEqual(ofCircle);

	await choose(page, letters.slug);
	await expect(line(page, "Total due today")).toContainText("$0.00");
	await expect(checkout(page).getByText(/keep your current subscription/)).toBeVisible();
	expect((await pay(page)).status()).toBe(200);
	await page.goto("/account/subscriptions");
	await expect(page.getByRole("article").filter({ hasText: circle.name })).toContainText("Ends on");
	await expect(page.getByRole("article").filter({ hasText: "Not begun yet" })).toContainText(letters.name);
	await souk.command("devcloud", "advance", "20d");
	expect(await features(souk, page)).toEqual(ofCircle);
	await souk.command("devcloud", "advance", "12d");
	await expect.poll(() => features(souk, page)).toEqual(ofLetters);
	await page.goto("/account/subscriptions");
	await expect(page.getByText("Active", { exact: true })).toHaveCount(1);
	await expect(page.getByRole("article").filter({ hasText: "Active" })).toContainText(letters.name);
});

test("who subscribes again before the end goes on", async ({ page, souk }) => {
	await subscribe(souk, page, "rosa");
	await cancel(page);
	await page.goto("/account/subscriptions");
	await expect(page.getByText(/Ends on/)).toBeVisible();

	await choose(page, letters.slug);
	await expect(line(page, "Total due today")).toContainText("$0.00");
	expect((await pay(page)).status()).toBe(200);
	await souk.command("devcloud", "advance", "32d");
	expect(await may(souk, page, letters.feature)).toBe(true);
	await page.goto("/account/subscriptions");
	await expect(page.getByText("Active", { exact: true })).toBeVisible();
	await expect(page.getByText(/Renews on/)).toBeVisible();
});

test("a new card pays what is overdue", async ({ page, souk }) => {
	await subscribe(souk, page, "sara", cards.goodOnce);
	await souk.command("devcloud", "advance", "32d");
	await expect.poll(() => may(souk, page, letters.feature)).toBe(false);

	await page.goto("/account/profile/billing");
	await page.getByRole("button", { name: "Add new payment method" }).click();
	await typeCard(page, cards.good);
	await page.getByRole("button", { name: "Add Payment Method" }).click();
	const added = page.locator(".cl-profileSectionItem__paymentMethods").filter({ hasText: "4242" });
	await expect(added).toBeVisible();
	await added.getByRole("button").click();
	await page.getByRole("menuitem", { name: "Make default" }).click();
	await expect(added).toContainText("Default");
	await souk.command("devcloud", "advance", "3d");
	await expect.poll(() => may(souk, page, letters.feature)).toBe(true);
	await page.goto("/account/subscriptions");
	await expect(page.getByText("Active", { exact: true })).toBeVisible();
});
