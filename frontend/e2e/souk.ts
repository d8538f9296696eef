import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";

const run = promisify(execFile);
const program = process.env["SOUK_BIN"] ?? "../bin/souk";

// Souk is the real program in a folder of its own, with a demo shop.
export class Souk {
	origin = "";
	private server?: ChildProcess;
	log = "";

	private constructor(
		private readonly home: string,
		private readonly port: number,
		private readonly settings: Record<string, string>,
	) {
		this.origin = `http://127.0.0.1:${port}`;
	}

	static async open(settings: Record<string, string> = {}): Promise<Souk> {
		const souk = new Souk(await mkdtemp(join(tmpdir(), "souk-e2e-")), await freePort(), settings);
		await souk.command("seed");
		await souk.start();
		return souk;
	}

	private get options() {
		return {
			cwd: this.home,
			env: {
				PATH: process.env["PATH"],
				HOME: this.home,
				DATA_DIR: join(this.home, "data"),
				LISTEN_ADDR: `127.0.0.1:${this.port}`,
				RATE_LIMIT_ENABLED: "false",
				...this.settings,
			},
		};
	}

	// command runs souk with arguments, and gives what it printed.
	async command(...args: string[]): Promise<string> {
		return (await run(program, args, this.options)).stdout.trim();
	}

	async start() {
		const server = spawn(program, ["serve"], {
			...this.options,
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.server = server;
		server.stderr.on("data", (text) => {
			this.log += text;
		});
		await new Promise<void>((open, failed) => {
			server.stdout.on("data", (text) => {
				if (String(text).includes("Souk is open at")) open();
			});
			server.on("exit", (code) => failed(new Error(`souk serve ended with ${code}: ${this.log}`)));
		});
	}

	async stop() {
		const server = this.server;
		if (!server || server.exitCode !== null) return;
		const ended = new Promise((resolve) => server.once("exit", resolve));
		server.kill("SIGTERM");
		await ended;
	}

	async close() {
		await this.stop();
		await rm(this.home, { recursive: true, force: true });
	}

	// errors are the lines of the log that say that something is wrong with the program.
	errors(): string[] {
		return this.log.split("\n").filter((line) => line.includes("level=ERROR"));
	}

	// api asks the shop's API for JSON with a token.
	async api(
		token: string,
		path: string,
		init: { method?: string; body?: unknown } = {},
		// biome-ignore lint/suspicious/noExplicitAny: the test says what it looks for
	): Promise<{ status: number; body: any }> {
		const answer = await fetch(this.origin + path, {
			method: init.method ?? "GET",
			headers: {
				Authorization: `Bearer ${token}`,
				"Content-Type": "application/json",
			},
			body: init.body === undefined ? null : JSON.stringify(init.body),
		});
		const text = await answer.text();
		return { status: answer.status, body: text ? JSON.parse(text) : undefined };
	}

	// code is the one of the last mail to somebody.
	async code(email: string): Promise<string> {
		const answer = await fetch(`${this.origin}/__mail/api/messages?search=${encodeURIComponent(email)}`);
		const mails: { to: string; subject: string }[] = await answer.json();
		const mine = mails.find((mail) => mail.to.includes(email));
		const code = mine?.subject.match(/\b\d{6}\b/)?.[0];
		if (!code) throw new Error(`no code was mailed to ${email}`);
		return code;
	}
}

export async function freePort(): Promise<number> {
	return await new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once("error", reject);
		probe.listen(0, "127.0.0.1", () => {
			const address = probe.address();
			probe.close(() =>
				typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
			);
		});
	});
}

// watch collects what no page may do: ask another host, throw, or be answered with an error of the server.
async function watch(context: BrowserContext, origin: string, faults: string[]) {
	await context.addInitScript(() =>
		document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
			console.error(`the policy forbids ${violatedDirective} of ${blockedURI}`),
		),
	);
	context.on("request", (request) => {
		const url = new URL(request.url());
		if (/^(https?|wss?):$/.test(url.protocol) && url.origin !== origin) faults.push(`asked ${request.url()}`);
	});
	context.on("page", (page) => page.on("websocket", (socket) => faults.push(`opened ${socket.url()}`)));
	context.on("response", (response) => {
		if (response.status() >= 500) faults.push(`${response.status()} of ${response.url()}`);
	});
	context.on("weberror", (error) => faults.push(`threw ${error.error().stack ?? error.error()}`));
	context.on("console", (message) => {
		const text = message.text();
		// The browser writes a line for each answer of 4xx, which tests ask for.
		if (message.type() === "error" && !text.startsWith("Failed to load resource")) faults.push(`console: ${text}`);
	});
}

export const password = "correct horse battery";
let people = 0;

// person is an address that nobody has yet.
export function person(name: string): string {
	return `${name}-${process.pid}-${++people}@example.test`;
}

export const test = base.extend<{ guarded: undefined; elsewhere: Page }, { souk: Souk }>({
	souk: [
		// biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
		async ({}, use) => {
			const souk = await Souk.open();
			await use(souk);
			await souk.stop();
			const errors = souk.errors();
			await souk.close();
			expect(errors, "errors in the log").toEqual([]);
		},
		{ scope: "worker" },
	],
	baseURL: async ({ souk }, use) => use(souk.origin),
	guarded: [
		async ({ context, souk }, use, info) => {
			const faults: string[] = [];
			await watch(context, souk.origin, faults);
			const from = souk.log.length;
			await use(undefined);
			if (info.status !== info.expectedStatus || faults.length > 0)
				await info.attach("log", { body: souk.log.slice(from), contentType: "text/plain" });
			expect(faults, "what a page may not do").toEqual([]);
		},
		{ auto: true },
	],
	// elsewhere is a page in another browser.
	elsewhere: async ({ browser, souk }, use) => {
		const faults: string[] = [];
		const context = await browser.newContext({ baseURL: souk.origin });
		await watch(context, souk.origin, faults);
		await use(await context.newPage());
		await context.close();
		expect(faults, "what a page may not do").toEqual([]);
	},
});

// signUp makes an account with a password, and leaves the page signed in.
export async function signUp(page: Page, email: string, origin = "") {
	await page.goto(`${origin}/sign-up`);
	await page.locator("input[name=emailAddress]").fill(email);
	await page.locator("input[name=password]").fill(password);
	await page.keyboard.press("Enter");
	await enterCode(page, "424242");
	await expect(page).not.toHaveURL(/sign-up/);
	await signedIn(page, email);
}

// enterCode types the six digits where Clerk's page asks for them, and again when its field, which is drawn anew now and then, lost one.
// It is answered when nobody asks for a code any more, or with what is said of a wrong one.
export async function enterCode(page: Page, code: string, wrong = "") {
	const asked = page.getByText("Didn't receive a code?");
	const digits = page.locator(".cl-otpCodeFieldInputContainer input");
	const short = { timeout: 4000 };
	await expect(asked).toBeVisible();
	await expect(async () => {
		if (await asked.isVisible()) {
			await digits.focus(short);
			await page.keyboard.press("Control+a");
			await page.keyboard.type(code);
		}
		if (wrong) await expect(page.getByText(wrong).first()).toBeVisible(short);
		else await expect(asked).toBeHidden(short);
	}).toPass();
}

export async function signIn(page: Page, email: string, secret = password) {
	await page.goto("/sign-in");
	await page.locator("input[name=identifier]").fill(email);
	await page.keyboard.press("Enter");
	const field = page.locator("input[name=password]");
	await field.click();
	await field.fill(secret);
	await page.keyboard.press("Enter");
}

// signedIn waits until the shop itself says who it is.
export async function signedIn(page: Page, email: string) {
	await expect.poll(() => me(page), { message: `${email} is signed in` }).toBe(email);
}

export async function signedOut(page: Page) {
	await expect.poll(() => me(page), { message: "nobody is signed in" }).toBe("");
}

// me is the address of whom Clerk's SDK has signed in on the page, empty for nobody.
async function me(page: Page): Promise<string> {
	return await page
		.evaluate(
			() =>
				// biome-ignore lint/suspicious/noExplicitAny: Clerk's SDK puts itself there
				(window as any).Clerk?.user?.primaryEmailAddress?.emailAddress ?? "",
		)
		.catch(() => "?"); // the page is just being left
}

// token is a session token of the page's session.
export async function token(page: Page, fresh = false): Promise<string> {
	// biome-ignore lint/suspicious/noExplicitAny: as above
	await page.waitForFunction(() => (window as any).Clerk?.session);
	return await page.evaluate(
		(skipCache) =>
			// biome-ignore lint/suspicious/noExplicitAny: as above
			(window as any).Clerk.session.getToken({ skipCache }),
		fresh,
	);
}

// claims are what a fresh token says.
export async function claims(page: Page): Promise<unknown> {
	const [, payload = ""] = (await token(page, true)).split(".");
	return JSON.parse(Buffer.from(payload, "base64url").toString());
}

export { expect };
