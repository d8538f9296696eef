import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("knows the addresses that the server knows", () => {
	const served: unknown = JSON.parse(readFileSync("routes.json", "utf8"));
	const source = readFileSync("src/app/routes.tsx", "utf8");
	const pages = source.match(/const pages = \{(.*?)\n\};/s)?.[1] ?? "";
	expect([...pages.matchAll(/"([^"]+)":/g)].map((match) => match[1])).toEqual(served);
});
