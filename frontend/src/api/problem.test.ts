import { expect, it } from "vitest";
import { messageOf, Problem, toProblem } from "./problem";

const answer = (status: number, body: string) => new Response(body, { status });

it("shows what the shop says", async () => {
	const problem = await toProblem(answer(409, `{"title":"Conflict","detail":"You are subscribed already."}`));
	expect(problem.status).toBe(409);
	expect(messageOf(problem)).toBe("You are subscribed already.");
});

it.each(["<html>Bad Gateway</html>", "", "null", `"text"`, `{"detail":7}`])("shows nothing of %s", async (body) => {
	expect(messageOf(await toProblem(answer(502, body)))).toBe("The shop gave no usable answer.");
});

it("tells a lost connection from a refusal", () => {
	expect(messageOf(new TypeError("Failed to fetch"))).toMatch(/cannot be reached/);
	expect(messageOf(new Problem(401, "Sign in first."))).toBe("Sign in first.");
});
