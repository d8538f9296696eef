import { expect, it } from "vitest";
import { messageOf, Problem, toProblem } from "./problem";

it("shows what the shop says", () => {
	const problem = toProblem(409, {
		title: "Conflict",
		code: "nothing_left",
		detail: "Nothing of this order is left.",
	});
	expect(problem.status).toBe(409);
	expect(problem.code).toBe("nothing_left");
	expect(messageOf(problem)).toBe("Nothing of this order is left.");
});

it("says what is well known in the page's own words", () => {
	expect(messageOf(toProblem(404, { code: "not_found", detail: "No such row" }))).toBe(
		"That is not here, or not yours.",
	);
});

it("tells which fields are wrong", () => {
	const errors = [
		{ location: "body.quantity", message: "must be between 1 and 99" },
		{ location: "query.limit", message: "must be a number" },
		{ location: 7 },
		null,
	];
	expect(toProblem(422, { detail: "no", errors }).fields).toEqual({
		quantity: "must be between 1 and 99",
		"query.limit": "must be a number",
	});
});

it.each(["<html>Bad Gateway</html>", "", null, "text", { detail: 7 }, { errors: 3 }])("shows nothing of %j", (body) => {
	expect(messageOf(toProblem(502, body))).toBe("The shop gave no usable answer. Please try again in a moment.");
});

it("tells a lost connection from a refusal", () => {
	expect(messageOf(new TypeError("Failed to fetch"))).toMatch(/cannot be reached/);
	expect(messageOf(new Problem(401, "Sign in first."))).toBe("Sign in first.");
});
