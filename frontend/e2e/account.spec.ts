import { enterCode, expect, password, person, Souk, signedIn, signedOut, signIn, signUp, test, token } from "./souk";

test("a visitor signs up with a password and a code", async ({ page, souk }) => {
	const email = person("ana");
	await signUp(page, email);
	const { status, body } = await souk.api(await token(page), "/api/me/");
	expect(status).toBe(200);
	expect(JSON.stringify(body)).toContain("user_");
	const profile = await souk.api(await token(page), "/api/profile/");
	expect(profile.body.email).toBe(email);
});

test("the code is in the mailbox", async ({ page, souk }) => {
	const email = person("ben");
	await page.goto("/sign-up");
	await page.locator("input[name=emailAddress]").fill(email);
	await page.locator("input[name=password]").fill(password);
	await page.keyboard.press("Enter");
	await enterCode(page, "111111", "Incorrect code");
	let code = "";
	await expect
		.poll(async () => {
			code = await souk.code(email).catch(() => "");
			return code;
		})
		.toMatch(/^\d{6}$/);
	await enterCode(page, code);
	await signedIn(page, email);
});

test("a password signs in, a wrong one and an unknown address say so", async ({ page, elsewhere }) => {
	const email = person("cleo");
	await signUp(elsewhere, email);

	await page.goto("/sign-in");
	await page.locator("input[name=identifier]").fill(person("nobody"));
	await page.keyboard.press("Enter");
	await expect(page.getByTestId("form-feedback-error")).toHaveText(/Couldn.t find your account/);

	await signIn(page, email, "wrong horse battery");
	await expect(page.getByTestId("form-feedback-error")).toHaveText(/Password is incorrect/);
	await page.locator("input[name=password]").fill(password);
	await page.keyboard.press("Enter");
	await signedIn(page, email);
	await expect(page).not.toHaveURL(/sign-in/);
});

test("a code by mail signs in, with the keyboard alone", async ({ page, souk }) => {
	await page.goto("/sign-in");
	const field = page.locator("input[name=identifier]");
	await expect(field).toBeVisible();
	for (let n = 0; n < 30; n++) {
		if (await field.evaluate((e) => e === document.activeElement)) break;
		await page.keyboard.press("Tab");
	}
	await expect(field).toBeFocused();
	await page.keyboard.type("buyer@example.test"); // of the demo shop, without a password
	await page.keyboard.press("Enter");
	await enterCode(page, "424242");
	await signedIn(page, "buyer@example.test");
	expect(await token(page)).toBeTruthy();
	expect((await souk.api(await token(page), "/api/profile/")).body.email).toBe("buyer@example.test");
});

test("a reload and a restart of the shop sign nobody out", async ({ page, souk }) => {
	const email = person("dora");
	await signUp(page, email);
	await page.reload();
	await signedIn(page, email);
	await souk.stop();
	await souk.start();
	await page.reload();
	await signedIn(page, email);
	expect((await souk.api(await token(page, true), "/api/me/")).status).toBe(200);
});

test("a shop on another port of the machine signs nobody out", async ({ browser, souk }) => {
	test.setTimeout(120_000); // two shops are opened
	const other = await Souk.open();
	const context = await browser.newContext();
	try {
		const [here, there] = [await context.newPage(), await context.newPage()];
		const [ana, ben] = [person("ana"), person("ben")];
		await signUp(here, ana, souk.origin);
		await signUp(there, ben, other.origin);
		for (const page of [here, there]) await page.reload();
		await signedIn(here, ana);
		await signedIn(there, ben);
		expect((await souk.api(await token(here, true), "/api/me/")).status).toBe(200);
		expect((await other.api(await token(there, true), "/api/me/")).status).toBe(200);
	} finally {
		await context.close();
		await other.close();
	}
});

test("a token is renewed when its minute is over", async ({ page, souk }) => {
	test.setTimeout(120_000);
	const email = person("emma");
	await signUp(page, email);
	const old = await token(page);
	expect((await souk.api(old, "/api/me/")).status).toBe(200);
	await expect
		.poll(async () => (await souk.api(old, "/api/me/")).status, {
			message: "the old token is refused",
			intervals: [1000],
			timeout: 90_000,
		})
		.toBe(401);
	const renewed = await token(page);
	expect(renewed).not.toBe(old);
	expect((await souk.api(renewed, "/api/me/")).status).toBe(200);
	await page.reload();
	await signedIn(page, email);
});

test("signing out in one tab signs the other out", async ({ page, context }) => {
	const email = person("fay");
	await signUp(page, email);
	const other = await context.newPage();
	await other.goto("/account/subscriptions");
	await signedIn(other, email);
	// biome-ignore lint/suspicious/noExplicitAny: Clerk's SDK puts itself there
	await page.evaluate(() => (window as any).Clerk.signOut());
	await signedOut(page);
	await other.bringToFront();
	await signedOut(other);
});

test("a change of the name reaches the shop", async ({ page, souk }) => {
	const email = person("gina");
	await signUp(page, email);
	await page.goto("/account/profile");
	await page.getByRole("button", { name: "Update profile" }).click();
	await page.locator("input[name=firstName]").fill("Gina");
	await page.locator("input[name=lastName]").fill("Lind");
	await page.getByRole("button", { name: "Save" }).click();
	await expect(page.getByText("Gina Lind").first()).toBeVisible();
	await expect.poll(async () => (await souk.api(await token(page), "/api/profile/")).body.first_name).toBe("Gina");
});

test("a new e-mail address is the shop's, too, and signs in", async ({ page, elsewhere, souk }) => {
	const email = person("greta");
	const next = person("margarete");
	await signUp(page, email);
	await page.goto("/account/profile");
	await page.getByRole("button", { name: "Add email address" }).click();
	await page.locator("input[name=emailAddress]").fill(next);
	await page.keyboard.press("Enter");
	await enterCode(page, "424242");
	const row = page.locator(".cl-profileSectionItem__emailAddresses").filter({ hasText: next });
	await row.getByRole("button").click();
	await page.getByRole("menuitem", { name: "Set as primary" }).click();
	await expect(row).toContainText("Primary");
	await expect.poll(async () => (await souk.api(await token(page), "/api/profile/")).body.email).toBe(next);
	await signIn(elsewhere, next);
	await signedIn(elsewhere, next);
});

test("a new password is asked from then on", async ({ page, elsewhere }) => {
	const email = person("hana");
	await signUp(page, email);
	await page.goto("/account/profile/security");
	await page
		.getByRole("button", { name: /(Update|Change) password/ })
		.first()
		.click();
	await page.locator("input[name=currentPassword]").fill(password);
	await page.locator("input[name=newPassword]").fill("another horse battery");
	await page.locator("input[name=confirmPassword]").fill("another horse battery");
	await page.getByRole("button", { name: "Save" }).click();
	await expect(page.locator("input[name=newPassword]")).toBeHidden();
	await signIn(elsewhere, email);
	await expect(elsewhere.getByTestId("form-feedback-error")).toHaveText(/Password is incorrect/);
	await elsewhere.locator("input[name=password]").fill("another horse battery");
	await elsewhere.keyboard.press("Enter");
	await signedIn(elsewhere, email);
});

test("who deletes the account is blanked in the shop", async ({ page, souk }) => {
	const email = person("ida");
	await signUp(page, email);
	const buyer = await token(page);
	const products = await souk.api(buyer, "/api/products/");
	const free = JSON.stringify(products.body).includes("ten-questions");
	expect(free, "the demo shop has its free worksheet").toBe(true);
	const product = (await souk.api(buyer, "/api/products/ten-questions/")).body;
	const order = await souk.api(buyer, "/api/account/orders/create/", {
		method: "POST",
		body: {
			items: [{ price_id: product.prices[0].id, quantity: 1 }],
		},
	});
	expect(order.status, JSON.stringify(order.body)).toBe(201);
	const seller = await souk.command("token", "--as", "seller@example.test");
	const sold = async () => JSON.stringify((await souk.api(seller, "/api/seller/orders/")).body);
	expect(await sold()).toContain(email);

	await page.goto("/account/profile/security");
	await page.getByRole("button", { name: "Delete account" }).click();
	await page.locator("input[name=deleteConfirmation]").fill("Delete account");
	await page.getByRole("button", { name: "Delete account" }).last().click();
	await expect.poll(sold).not.toContain(email);
	await signedOut(page);
	await expect.poll(async () => (await souk.api(buyer, "/api/profile/")).status).toBe(401);
});

test("who signs in in another tab is signed in here, once it is looked at", async ({ page, context, souk }) => {
	const email = person("uma");
	await page.goto("/products");
	await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
	const other = await context.newPage();
	await signUp(other, email);
	await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // all pages of a test are in front
	await signedIn(page, email);
	await expect(page.getByRole("link", { name: "Account" })).toBeVisible();
	expect(souk.errors()).toEqual([]);
});
