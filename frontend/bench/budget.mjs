// npm run budget: what each page loads before it can be used, and Lighthouse's verdict, beside their limits; exits with 1 when
// one is exceeded. --no-lighthouse leaves the slow part out, --runs N has Lighthouse look N times and takes the median.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { browserArguments, executablePath, openBrowser, openShop, signIn } from "./shop.mjs";

const { values: flags } = parseArgs({
	options: { "no-lighthouse": { type: "boolean" }, runs: { type: "string", default: "5" } },
});
const KiB = 1024;

// By the pattern of a page in routes.json: the limit of its scripts in KiB, and the address that is opened if it is another.
const limits = {
	"/": { limit: 30 },
	"/products": { limit: 30 },
	"/products/:slug": { limit: 30, path: "/products/first-hundred-customers" },
	"/pricing": { limit: 35, clerk: true },
	"/sign-in/*": { limit: 35, clerk: true, path: "/sign-in" },
	"/sign-up/*": { limit: 35, clerk: true, path: "/sign-up" },
	"/checkout/success": { limit: 35 },
	"/checkout/cancel": { limit: 35 },
	"/app": { limit: 35, signedIn: true },
	"/account/purchases": { limit: 35, signedIn: true },
	"/account/purchases/:id": { limit: 35, signedIn: true, path: "/account/purchases/0" },
	"/account/subscriptions": { limit: 35, signedIn: true },
	"/account/downloads": { limit: 35, signedIn: true },
	"/account/profile/*": { limit: 35, signedIn: true, path: "/account/profile" },
	"/account/bookings": { limit: 45, signedIn: true },
};
const routes = JSON.parse(await readFile(join(import.meta.dirname, "../routes.json"), "utf8"));

let over = 0;

/** row prints one line of the table: each figure beside its limit, and a mark at what is over it. */
function row(page, figures) {
	const cells = figures.map(({ name, value, limit, least, show = String }) => {
		const bad = (limit !== undefined && value > limit) || (least !== undefined && value < least);
		if (bad) over++;
		const bound = limit !== undefined ? ` ≤ ${show(limit)}` : least !== undefined ? ` ≥ ${show(least)}` : "";
		return `${bad ? "OVER " : ""}${name} ${show(value)}${bound}`;
	});
	console.log(`${page.padEnd(36)} ${cells.join(" · ")}`);
}

const kib = (bytes) => `${(bytes / KiB).toFixed(1)} KiB`;

/** gzipped is how many bytes the shop sends for an address to who takes gzip. */
async function gzipped(url) {
	return await new Promise((done, failed) => {
		get(url, { headers: { "Accept-Encoding": "gzip" } }, async (answer) => {
			const parts = [];
			for await (const part of answer) parts.push(part);
			const body = Buffer.concat(parts);
			done(answer.headers["content-encoding"] === "gzip" ? body.length : gzipSync(body).length);
		}).on("error", failed);
	});
}

/** measure opens an address in an empty cache, and counts what the browser asks for. */
async function measure(browser, origin, path, storageState) {
	// In German, whose texts are longer.
	const context = await browser.newContext({ baseURL: origin, locale: "de-DE", storageState });
	const page = await context.newPage();
	const asked = new Set();
	page.on("request", (request) => asked.add(new URL(request.url()).origin + new URL(request.url()).pathname));
	const answer = await page.goto(path, { waitUntil: "networkidle" });
	const document = await answer.text();
	await context.close();
	const files = [...asked].filter((url) => /\.(js|css)$/.test(url) || url.includes("/npm/"));
	const clerksTexts = "/assets/de-DE-"; // of @clerk/localizations, which come with Clerk's scripts
	const ours = files.filter((url) => url.startsWith(`${origin}/assets/`) && !url.includes(clerksTexts));
	const sum = async (urls) => (await Promise.all(urls.map(gzipped))).reduce((a, b) => a + b, 0);
	const inlined = [...document.matchAll(/<style[^>]*>(.*?)<\/style>/gs)].map(([, css]) => css).join("");
	return {
		scripts: await sum(ours.filter((url) => url.endsWith(".js"))),
		styles: gzipSync(inlined, { level: 9 }).length + (await sum(ours.filter((url) => url.endsWith(".css")))),
		files: ours.length,
		clerk: await sum(files.filter((url) => !ours.includes(url))),
	};
}

async function weigh(origin) {
	const browser = await openBrowser();
	try {
		const context = await browser.newContext({ baseURL: origin });
		await signIn(await context.newPage(), "buyer@example.test");
		const signedIn = await context.storageState();
		await context.close();
		console.log("First load, gzipped: scripts of the shop, styles, files beside the document; Clerk's scripts apart");
		for (const { pattern } of routes) {
			if (!limits[pattern]) throw new Error(`${pattern} has no limit here`);
			const { path = pattern, limit, signedIn: needed, clerk } = limits[pattern];
			const found = await measure(browser, origin, path, needed ? signedIn : undefined);
			row(path, [
				{ name: "scripts", value: found.scripts, limit: limit * KiB, show: kib },
				{ name: "styles", value: found.styles, limit: 8 * KiB, show: kib },
				{ name: "files", value: found.files, limit: 5 },
				{ name: "Clerk", value: found.clerk, ...(!needed && !clerk && { limit: 0 }), show: kib },
			]);
		}
	} finally {
		await browser.close();
	}
}

/** debuggable starts a browser that Lighthouse can drive. */
async function debuggable() {
	const profile = await mkdtemp(join(tmpdir(), "souk-lighthouse-"));
	const browser = spawn(
		executablePath,
		[...browserArguments, "--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
		{ stdio: ["ignore", "ignore", "pipe"] },
	);
	const ended = new Promise((end) => browser.once("exit", end));
	const port = await new Promise((open, failed) => {
		let said = "";
		browser.stderr.on("data", (text) => {
			said += text;
			const [, found] = said.match(/DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//) ?? [];
			if (found) open(Number(found));
		});
		browser.once("exit", () => failed(new Error(`${executablePath} ended: ${said}`)));
	});
	const close = async () => {
		browser.kill();
		await ended;
		await rm(profile, { recursive: true, force: true, maxRetries: 5 });
	};
	return { port, close };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function judge(origin, runs) {
	const { default: lighthouse } = await import("lighthouse");
	const browser = await debuggable();
	try {
		console.log(`\nLighthouse, a phone on slow 4G as it simulates it, median of ${runs}`);
		for (const path of ["/", "/products", "/products/first-hundred-customers"]) {
			const found = [];
			for (let n = 0; n < runs; n++) {
				const { lhr } = await lighthouse(origin + path, { port: browser.port, logLevel: "error" });
				if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`);
				found.push(lhr);
			}
			const score = (id) => Math.round(100 * median(found.map((lhr) => lhr.categories[id].score)));
			const audit = (id) => median(found.map((lhr) => lhr.audits[id].numericValue));
			const ms = (value) => `${Math.round(value)} ms`;
			row(path, [
				{ name: "performance", value: score("performance"), least: 97 },
				{ name: "accessibility", value: score("accessibility"), least: 100 },
				{ name: "best practices", value: score("best-practices"), least: 100 },
				{ name: "SEO", value: score("seo"), least: 100 },
				{ name: "LCP", value: audit("largest-contentful-paint"), limit: 1800, show: ms },
				{ name: "CLS", value: audit("cumulative-layout-shift"), limit: 0.02, show: (value) => value.toFixed(3) },
				{ name: "TBT", value: audit("total-blocking-time"), limit: 100, show: ms },
			]);
			failures(found[0]);
		}
	} finally {
		await browser.close();
	}
}

/** failures names what costs points, but for the speed, which is in the figures. */
function failures({ categories, audits }) {
	for (const category of ["accessibility", "best-practices", "seo"])
		for (const { id, weight } of categories[category].auditRefs)
			if (weight > 0 && audits[id].score !== null && audits[id].score < 1)
				console.log(`  ${category}: ${audits[id].title} (${id})`);
}

const runs = Number(flags.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs is a number of 1 or more");
const shop = await openShop();
try {
	await weigh(shop.origin);
	if (!flags["no-lighthouse"]) await judge(shop.origin, runs);
} finally {
	await shop.close();
}
if (over > 0) console.log(`\n${over} over the limit`);
process.exitCode = over > 0 ? 1 : 0;
