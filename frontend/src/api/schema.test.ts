import { readFileSync } from "node:fs";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";

it("is made from the API's document as it is now: npm run api", { timeout: 30_000 }, async () => {
	const made = astToString(await openapiTS(readFileSync("../internal/api/openapi.json", "utf8")));
	expect(readFileSync("src/api/__generated__/schema.ts", "utf8") === COMMENT_HEADER + made).toBe(true);
});
