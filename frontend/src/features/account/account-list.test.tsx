import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { AccountList } from "./account-list";

afterEach(cleanup);

it("is as long as it was when it is fetched again", async () => {
	const things = Array.from({ length: 120 }, (_, n) => ({ id: n }));
	const asked: number[] = [];
	const fetch = async ({ cursor = "0", limit }: { cursor?: string; limit: number }) => {
		const from = Number(cursor);
		asked.push(from);
		const next = from + limit;
		return { body: things.slice(from, next), ...(next < things.length && { next: String(next) }) };
	};
	const empty = { title: "purchases.none", text: "purchases.none.text", to: "/products" } as const;
	render(
		<AccountList name="things" fetch={fetch} empty={empty}>
			{({ id }) => <p>thing {id}</p>}
		</AccountList>,
	);
	const shown = () => screen.queryAllByText(/^thing /).length;
	await expect.poll(shown).toBe(50);
	fireEvent.click(screen.getByRole("button"));
	await expect.poll(shown).toBe(100);
	window.dispatchEvent(new Event("focus"));
	await expect.poll(() => asked).toEqual([0, 50, 0, 50]);
	expect(shown()).toBe(100);
	fireEvent.click(screen.getByRole("button"));
	await expect.poll(shown).toBe(120);
	expect(screen.queryByRole("button")).toBeNull();
});
