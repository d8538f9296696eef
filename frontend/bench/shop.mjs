// The real program with its demo shop, in a folder of its own, and a browser.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { chromium } from "@playwright/test";

const program = resolve(process.env["SOUK_BIN"] ?? join(import.meta.dirname, "../../bin/souk"));

export const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const browserArguments = [
	"--no-sandbox",
	"--disable-gpu",
	"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** openShop starts the program; `close` ends it and removes its folder, `command` runs another of its commands. */
export async function openShop() {
	const home = await mkdtemp(join(tmpdir(), "souk-bench-"));
	const options = {
		cwd: home,
		env: {
			PATH: process.env["PATH"],
			HOME: home,
			DATA_DIR: join(home, "data"),
			LISTEN_ADDR: "127.0.0.1:0",
			RATE_LIMIT_ENABLED: "false",
		},
	};
	const command = async (...args) => (await promisify(execFile)(program, args, options)).stdout.trim();
	await command("seed");
	const server = spawn(program, ["serve"], { ...options, stdio: ["ignore", "pipe", "pipe"] });
	let log = "";
	server.stderr.on("data", (text) => {
		log = (log + text).slice(-10_000);
	});
	const ended = new Promise((end) => server.once("exit", end));
	const origin = await new Promise((open, failed) => {
		server.stdout.on("data", (text) => {
			const [, address] = String(text).match(/Souk is open at (\S+)/) ?? [];
			if (address) open(address.replace(/\/$/, ""));
		});
		server.once("exit", (code) => failed(new Error(`souk serve ended with ${code}: ${log}`)));
	});
	const close = async () => {
		server.kill("SIGTERM");
		await ended;
		await rm(home, { recursive: true, force: true });
	};
	options.env.PUBLIC_URL = origin; // known only now: tokens are issued for it
	return { origin, command, close };
}

export async function openBrowser() {
	return await chromium.launch({ executablePath, args: browserArguments });
}

/** signIn signs in somebody of the demo shop, with the code that the stand-in for Clerk takes. */
export async function signIn(page, email) {
	await page.goto("/sign-in");
	await page.locator("input[name=identifier]").fill(email);
	await page.keyboard.press("Enter");
	await page.locator("[data-otp-input], [autocomplete=one-time-code]").first().waitFor();
	await page.keyboard.type("424242");
	await page.waitForURL("**/app");
}
