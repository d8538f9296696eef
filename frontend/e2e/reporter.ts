import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

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
			for (const error of result.errors) console.log(error.message);
		}
	}

	onEnd(result: FullResult) {
		if (result.status !== "passed" && this.failed === 0) this.failed++;
		console.log(`browser: ${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
	}
}
