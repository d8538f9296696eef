import { defineConfig } from "@playwright/test";

// The browser tests start the real program (SOUK_BIN, built by ../scripts/build.sh) and drive the browser that CHROMIUM names.
export default defineConfig({
	testDir: "e2e",
	outputDir: "e2e/results",
	fullyParallel: true,
	workers: Number(process.env["E2E_WORKERS"] ?? 2),
	retries: 0,
	timeout: 60_000,
	expect: { timeout: 10_000 },
	reporter: process.env["CI"] ? [["./e2e/reporter.ts"]] : [["list"], ["./e2e/reporter.ts"]],
	use: {
		launchOptions: {
			executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
			args: [
				"--no-sandbox",
				"--disable-gpu",
				// Whatever asks for another host fails, and is reported by the fixture.
				"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
			],
		},
		actionTimeout: 15_000,
		screenshot: "only-on-failure",
		trace: "retain-on-failure",
	},
});
