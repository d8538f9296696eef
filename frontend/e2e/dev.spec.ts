import { spawn } from "node:child_process";
import { expect } from "@playwright/test";
import { freePort, person, signUp, test } from "./souk";

test("behind Vite one signs up as at the shop, and other origins are refused as there", async ({ browser, souk }) => {
	test.slow(); // Vite makes what a page needs when it is asked for
	const origin = `http://127.0.0.1:${await freePort()}`;
	const vite = spawn(process.execPath, ["node_modules/vite/bin/vite.js", "--port", new URL(origin).port], {
		env: { ...process.env, VITE_API_BASE_URL: souk.origin },
		stdio: "ignore",
	});
	try {
		const answers = () => fetch(origin).then(({ status }) => status, String);
		await expect.poll(answers, { timeout: 30_000 }).toBe(200);
		const page = await browser.newPage({ baseURL: origin });
		await signUp(page, person("vic"));
		await page.goto("/checkout/success"); // a page, although what is below /checkout/ is the program's
		await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
		const start = (from: string) =>
			fetch(`${origin}/__clerk/v1/client/sign_ins`, { method: "POST", headers: { Origin: from } });
		expect((await start(origin)).status).toBe(200);
		expect((await start("http://127.0.0.1:1")).status).toBe(403);
		await page.close();
	} finally {
		vite.kill();
	}
});
