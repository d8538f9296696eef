import { defineConfig } from "@playwright/test";

// The browser tests start the real program (SOUK_BIN, built by ../scripts/build.sh) and drive the browser that CHROMIUM names.
export default defineConfig({
	testDir: "e2e",
	outputDir: "e2e/results",
	fullyParallel: true,
	workers: Number(process.env["E2E_WORKERS"] ?? 2),
	retries: 0,
	timeout: 90_000,
	expect: { timeout: 20_000 },
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
		actionTimeout: 20_000,
		screenshot: "only-on-failure",
		trace: process.env["TRACE"] ? "retain-on-failure" : "off", // a trace of each test takes a third of its time
	},
});
