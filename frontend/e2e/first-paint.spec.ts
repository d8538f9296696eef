import { type Browser, devices, expect, type Page, test } from "@playwright/test";
import { Souk } from "./souk";

let souk: Souk;

test.beforeAll(async () => {
	souk = await Souk.open();
});
test.afterAll(() => souk.close());

const pages = [
	"/",
	"/products",
	"/products?search=founder&ordering=name",
	"/products?search=nothing+of+the+kind",
	"/products/first-hundred-customers", // files, several prices
	"/products/founder-letters", // a plan
	"/products/landing-page-teardown", // a service
	"/products/nothing",
	"/nothing",
];

/** What is in the page and where, as far as it has a place. */
const places = (page: Page) =>
	page.evaluate(() =>
		[...document.querySelectorAll("#app *:not(svg *, noscript, noscript *)")].flatMap((element) => {
			const { x, y, width, height } = element.getBoundingClientRect();
			const name = [element.localName, ...element.classList].join(".");
			return width * height > 0 ? [`${name} ${[x, y, width, height].map(Math.round).join(" ")}`] : [];
		}),
	);

for (const [language, viewport] of [
	["en", { width: 1280, height: 900 }],
	["de", devices["Pixel 7"].viewport],
] as const)
	test(`what the server draws stays where it is when the scripts draw it, in ${language} at ${viewport.width}`, async ({
		browser,
	}) => {
		test.slow();
		const options = { baseURL: souk.origin, locale: language, viewport };
		const bare = await browser.newContext({ ...options, javaScriptEnabled: false });
		const full = await browser.newContext(options);
		await full.addInitScript(() => {
			Object.assign(window, { shifts: 0 });
			new PerformanceObserver((list) => {
				for (const entry of list.getEntries())
					Object.assign(window, { shifts: Reflect.get(window, "shifts") + Reflect.get(entry, "value") });
			}).observe({ type: "layout-shift", buffered: true });
		});
		for (const path of pages) {
			const before = await bare.newPage();
			await before.goto(path);
			const after = await full.newPage();
			await after.goto(path, { waitUntil: "networkidle" });
			await after.locator(".shell-footer label[for]").first().waitFor(); // the scripts have drawn
			await after.evaluate(() => document.fonts.ready);
			expect(await places(after), path).toEqual(await places(before));
			expect(await after.evaluate(() => Reflect.get(window, "shifts")), path).toBeLessThan(0.02);
			await Promise.all([before.close(), after.close()]);
		}
		await Promise.all([bare.close(), full.close()]);
	});

test("what is typed and chosen before the scripts are here counts", async ({ browser }) => {
	const catalog = await withoutScripts(browser, "/products");
	await catalog.page.getByRole("searchbox").fill("hundred");
	await catalog.page.locator(".catalog-filters select").selectOption("Name");
	catalog.arrive();
	await expect(catalog.page.getByText("1 product", { exact: true })).toBeVisible();
	await expect(catalog.page.getByRole("searchbox")).toHaveValue("hundred");
	await expect(catalog.page).toHaveURL(/(?=.*search=hundred)(?=.*ordering=name)/);
	await catalog.page.close();

	const product = await withoutScripts(browser, "/products/first-hundred-customers");
	await product.page.getByText("Team of ten").click();
	await product.page.locator("input[name=quantity]").fill("3");
	product.arrive();
	await expect(product.page.getByRole("status").filter({ hasText: "$297" })).toBeVisible();
	await expect(product.page.getByRole("radio", { name: /Team of ten/ })).toBeChecked();
	await product.page.close();
});

/** withoutScripts opens a page whose scripts come when arrive is called. */
async function withoutScripts(browser: Browser, path: string) {
	const page = await browser.newPage({ baseURL: souk.origin });
	let arrive = () => {};
	const here = new Promise<void>((resolve) => {
		arrive = resolve;
	});
	await page.route("**/*.js", async (route) => {
		await here;
		await route.continue();
	});
	await page.goto(path, { waitUntil: "commit" });
	return { page, arrive };
}
