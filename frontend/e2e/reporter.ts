import { stripVTControlCharacters } from "node:util";
import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

// plain is a message without colours and without the browser's own log.
function plain(message: string): string {
	const text = stripVTControlCharacters(message).replace(/Browser logs:[\s\S]*?Call log:/, "Call log:");
	return text.split("\n").slice(0, 20).join("\n");
}

// The closing line that test.sh counts.
export default class Counts implements Reporter {
	private passed = 0;
	private failed = 0;
	private skipped = 0;

	onTestEnd(test: TestCase, result: TestResult) {
		if (result.status === "skipped") this.skipped++;
		else if (result.status === test.expectedStatus) this.passed++;
		else {
			this.failed++;
			console.log(`FAILED ${test.titlePath().join(" > ")}`);
			for (const error of result.errors) console.log(plain(error.message ?? ""));
		}
	}

	onEnd(result: FullResult) {
		if (result.status !== "passed" && this.failed === 0) this.failed++;
		console.log(`browser: ${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
	}
}
