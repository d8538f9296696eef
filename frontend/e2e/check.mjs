// ./start.sh --check runs this against its shop: somebody signs up, takes a plan, and sees it. node check.mjs ORIGIN
import { chromium, expect } from "@playwright/test";

const origin = process.argv[2] ?? "";
const strangers = [];
const browser = await chromium.launch({
	executablePath: process.env["CHROMIUM"],
	args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
try {
	const page = await browser.newPage({ baseURL: origin });
	page.on("request", (request) => {
		const url = new URL(request.url());
		if (/^http/.test(url.protocol) && url.origin !== origin) strangers.push(request.url());
	});
	await page.goto("/");
	await page.getByRole("link", { name: "Sign up" }).click();
	await page.locator("input[name=emailAddress]").fill("check@example.test");
	await page.locator("input[name=password]").fill("correct horse battery");
	await page.keyboard.press("Enter");
	await page.getByText("Didn't receive a code?").waitFor();
	await page.keyboard.type("424242");
	await page.waitForURL("**/app");
	await page.getByRole("link", { name: "Plans" }).click();
	await page
		.getByRole("button", { name: /Subscribe/ })
		.first()
		.click();
	await page.getByRole("button", { name: "Fill in a test card" }).click();
	await page.getByRole("button", { name: /^Pay/ }).click();
	await page.getByRole("button", { name: "Continue" }).click();
	await page.waitForURL("**/account/subscriptions**");
	await page.getByText("Active", { exact: true }).waitFor();
	expect(strangers, "requests to other hosts").toEqual([]);
	console.log(`check: ${await page.locator("main").innerText()}`.replaceAll("\n", " | "));
} finally {
	await browser.close();
}
