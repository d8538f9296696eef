import { expect, it } from "vitest";
import { fetchListed } from "./listed";

const of = (length: number) => {
	const asked: number[] = [];
	const fetch = async ({ cursor = "0", limit }: { cursor?: string; limit: number }) => {
		const from = Number(cursor);
		asked.push(from);
		const body = Array.from({ length: Math.min(limit, length - from) }, (_, n) => from + n);
		return { body, ...(from + limit < length && { next: String(from + limit) }) };
	};
	return { asked, fetch };
};

it.each([
	[0, [0], undefined],
	[200, [0], undefined],
	[201, [0, 200], undefined],
	[1000, [0, 200, 400, 600, 800], undefined],
	[1001, [0, 200, 400, 600, 800], "1000"],
])("of %i things it fetches up to a thousand, and says whether there are more", async (length, pages, next) => {
	const { asked, fetch } = of(length);
	const list = await fetchListed(fetch, 1000, 200);
	expect(asked).toEqual(pages);
	expect(list.items).toEqual(Array.from({ length: Math.min(length, 1000) }, (_, n) => n));
	expect(list.next).toBe(next);
});
