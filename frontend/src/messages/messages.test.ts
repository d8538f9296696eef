import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import accountDe from "./account.de";
import accountEn from "./account.en";
import de from "./de";
import en from "./en";

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
const german: Record<string, string> = { ...de, ...accountDe };
const english: Record<string, string> = { ...en, ...accountEn };

it("says everything in every language, with the same values", () => {
	expect(Object.keys(german).sort()).toEqual(Object.keys(english).sort());
	for (const [key, text] of Object.entries(english)) {
		expect(text.trim(), key).not.toBe("");
		expect(german[key]?.trim(), key).not.toBe("");
		expect(places(german[key] ?? ""), key).toEqual(places(text));
	}
});

it("has each key once, and every text is said somewhere", () => {
	const files = ["shell", "home", "catalog", "checkout", "account", "bookings"];
	const keys = files.flatMap((file) => Object.keys(JSON.parse(readFileSync(`messages/en/${file}.json`, "utf8"))));
	expect(new Set(keys).size).toBe(keys.length);
	const source = (readdirSync("src", { recursive: true }) as string[])
		.filter((name) => /\.tsx?$/.test(name) && !name.includes("test") && !name.includes("__generated__"))
		.map((name) => readFileSync(`src/${name}`, "utf8"))
		.join("\n");
	// What the server says alone, and what is put together from a state, is told here by its beginning.
	const elsewhere = /^(meta|state|problem)\./;
	const unsaid = keys.filter(
		(key) => !elsewhere.test(key) && !source.includes(`"${key.replace(/_(one|other)$/, "")}"`),
	);
	expect(unsaid).toEqual([]);
});
