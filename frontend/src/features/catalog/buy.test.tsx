import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { LocationProvider } from "preact-iso";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ProductDetail } from "../../api/types";
import { config } from "../../lib/page";
import { Buy } from "./buy";

const price = (id: number, name: string, more = {}): ProductDetail["prices"][number] => ({
	id,
	name,
	amount_cents: 1900,
	amount: "19.00",
	currency: "USD",
	billing_period: "one_time",
	is_default: false,
	...more,
});

function show(prices: ProductDetail["prices"], query = "") {
	history.replaceState(null, "", `/products/rain${query}`);
	const product = { slug: "rain", prices, active_price: prices[0] ?? null } as ProductDetail;
	render(
		<LocationProvider>
			<Buy product={product} again={() => undefined} />
		</LocationProvider>,
	);
}

beforeEach(() => {
	config.clerk.publishableKey = "pk_test_x";
});
afterEach(cleanup);

const buy = () => screen.getByRole("button", { name: "Buy now" });
const quantity = () => screen.getByRole<HTMLInputElement>("textbox", { name: "Quantity" });
const sum = () => screen.getByRole("status").textContent;

it("keeps price and quantity in the address, and adds up", async () => {
	show([price(1, "One"), price(2, "Ten", { amount_cents: 9900, amount: "99.00" })]);
	expect(sum()).toBe("$19");
	fireEvent.click(screen.getByRole("radio", { name: /Ten/ }));
	fireEvent.click(screen.getByRole("button", { name: "One more" }));
	await expect.poll(sum).toBe("$198");
	expect(location.search).toBe("?price=2&quantity=2");
});

it("begins with what the address chooses", () => {
	show([price(1, "One"), price(2, "Ten")], "?price=2&quantity=7");
	expect(screen.getByRole<HTMLInputElement>("radio", { name: /Ten/ }).checked).toBe(true);
	expect(quantity().value).toBe("7");
});

it("says what is wrong with a quantity, and buys nothing", async () => {
	show([price(1, "One")]);
	fireEvent.input(quantity(), { target: { value: "100" } });
	expect((await screen.findByRole("alert")).textContent).toBe("Please give a number from 1 to 99.");
	fireEvent.click(buy());
	expect(location.pathname).toBe("/products/rain");
	expect(document.activeElement).toBe(quantity());
});

it("has who is not signed in do that first, and come back to the choice", async () => {
	show([price(1, "One")], "?price=1&quantity=3");
	fireEvent.click(buy());
	await expect.poll(() => location.pathname).toBe("/sign-in");
	expect(new URLSearchParams(location.search).get("redirect_url")).toBe("/products/rain?price=1&quantity=3");
});

it("asks for no quantity of what is paid again and again", () => {
	show([price(1, "Monthly", { billing_period: "monthly" })], "?quantity=5");
	expect(screen.queryByRole("textbox")).toBeNull();
	expect(screen.getByRole("button", { name: "Subscribe" })).toBeTruthy();
});

it.each([
	["without a price", [], "pk_test_x", /Not for sale now/],
	["without sign-in", [price(1, "One")], "", /sign-in is not set up/],
])("says why nothing can be bought %s", (_, prices, key, why) => {
	config.clerk.publishableKey = key;
	show(prices);
	expect(buy().getAttribute("aria-disabled")).toBe("true");
	const reason = document.getElementById(buy().getAttribute("aria-describedby") ?? "");
	expect(reason?.textContent).toMatch(why);
	fireEvent.click(buy());
	expect(location.pathname).toBe("/products/rain");
});
