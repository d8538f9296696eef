import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { expect, type Page, test } from "@playwright/test";
import { Souk } from "./souk";

// The pages on a static host of another site than the program, which is their API.
const host = "pages.example.test";
const strange = "strange.example.test";
test.use({
	launchOptions: {
		executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
		args: [
			"--no-sandbox",
			"--disable-gpu",
			`--host-resolver-rules=MAP ${host} 127.0.0.1, MAP ${strange} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
		],
	},
});

test.describe.configure({ mode: "default" }); // one worker, and one build, for all of them

const types: Record<string, string> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript",
	".css": "text/css",
	".svg": "image/svg+xml",
	".woff2": "font/woff2",
};

let folder: string;
let server: Server;
let port: number;
let souk: Souk;

test.beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "souk-pages-"));
	server = createServer(async ({ url = "/" }, response) => {
		const { pathname } = new URL(url, "http://host");
		const name = extname(pathname) ? pathname : "/index.html"; // as static hosts of such pages do
		const file = await readFile(join(folder, name)).catch(() => undefined);
		response.writeHead(file ? 200 : 404, { "Content-Type": types[extname(name)] ?? "" }).end(file);
	});
	await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
	port = (server.address() as AddressInfo).port;
	souk = await Souk.open({ CORS_ALLOWED_ORIGINS: `http://${host}:${port}` });
	await promisify(execFile)(
		process.execPath,
		["node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--logLevel", "warn"],
		{ env: { ...process.env, VITE_API_BASE_URL: `${souk.origin}/api`, VITE_CLERK_PUBLISHABLE_KEY: "" } },
	);
});

test.afterAll(async () => {
	await souk?.close();
	server?.close();
	await rm(folder, { recursive: true, force: true });
});

// watch collects what no page may do.
function watch(page: Page): string[] {
	const faults: string[] = [];
	page.on("pageerror", (error) => faults.push(`threw ${error}`));
	page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
	return faults;
}

// ask has a script of the page ask the API: the status and the body, or what the browser said instead.
async function ask(page: Page, path: string, init: RequestInit = {}): Promise<string> {
	return await page.evaluate(
		([url, options]) =>
			fetch(url, options).then(
				async (answer) => `${answer.status} ${answer.headers.get("Link")} ${await answer.text()}`,
				String,
			),
		[souk.origin + path, init] as const,
	);
}

test("pages on a static host show what the shop sells, with its covers", async ({ page }) => {
	const faults = watch(page);
	await page.goto(`http://${host}:${port}/products`);
	await expect(page).toHaveTitle(/Souk/);
	const product = page.getByRole("link", { name: "Landing Page Teardown" });
	await expect(product).toBeVisible();
	const cover = page.locator("main img").first();
	await expect.poll(() => cover.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
	await product.click();
	await expect(page.getByRole("heading", { level: 1, name: "Landing Page Teardown" })).toBeVisible();
	await page.reload();
	await expect(page.getByRole("heading", { level: 1, name: "Landing Page Teardown" })).toBeVisible();
	expect(await ask(page, "/api/products/?limit=2")).toMatch(/^200 <.*>; rel="next"/);
	expect(faults).toEqual([]);
});

test("their scripts may act for who is signed in, and those of other sites may not", async ({ page }) => {
	const token = await souk.command("token", "--as", "buyer@example.test");
	const [price] = (await souk.api(token, "/api/products/first-hundred-customers/")).body.prices;
	const order = {
		method: "POST",
		headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "Idempotency-Key": "a-key" },
		body: JSON.stringify({ price_id: price.id }),
	};
	await page.goto(`http://${host}:${port}/products`);
	expect(await ask(page, "/api/account/orders/create/", order)).toMatch(/^201 .*"checkout_url":/);
	expect(await ask(page, "/api/account/orders/")).toMatch(/^401 /);
	await page.goto(`http://${strange}:${port}/products`);
	await expect(page.getByRole("alert")).toBeVisible();
	expect(await ask(page, "/api/account/orders/create/", order)).toContain("Failed to fetch");
});

test("they are in the language of the browser", async ({ browser }) => {
	const page = await browser.newPage({ locale: "de-AT" });
	await page.goto(`http://${host}:${port}/products`);
	await expect(page).toHaveTitle("Produkte · Souk");
	await expect(page.locator("html")).toHaveAttribute("lang", "de");
	await page.close();
});
