import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

type Served = { pattern: string; source: string; texts?: string };

it("knows the addresses and the pages that the server knows", () => {
	const served = JSON.parse(readFileSync("routes.json", "utf8")) as Served[];
	const source = readFileSync("src/app/routes.tsx", "utf8");
	const files = new Map<string | undefined, object>();
	for (const [, name, account, file] of source.matchAll(
		/const (\w+) = page\(\(\) =>\s+(ofAccount\()?import\("\.\.\/([^"]+)"\)/g,
	))
		files.set(name, { source: `src/${file}.tsx`, texts: account && "account" });
	const pages = source.match(/const pages = \{(.*?)\n\};/s)?.[1] ?? "";
	expect(
		[...pages.matchAll(/"([^"]+)": (\w+)/g)].map(([, pattern, name]) => ({ pattern, ...files.get(name) })),
	).toEqual(served.map(({ pattern, source, texts }) => ({ pattern, source, texts })));
});
