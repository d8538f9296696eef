import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { LocationProvider, useLocation } from "preact-iso";
import { afterEach, expect, it } from "vitest";
import { readQuery } from "./catalog-query";
import { Filters } from "./filters";
import { Found } from "./found";
import { Pages } from "./pages";

afterEach(cleanup);

it("leads to the neighbours of a page, and to the first one where the one before is not known", () => {
	const query = { ordering: "price" } as const;
	const { rerender } = render(<Pages query={query} next="two" />);
	expect(screen.queryByRole("link", { name: /First|Previous/ })).toBeNull();
	expect(link("Next")).toBe("/products?ordering=price&cursor=two");
	rerender(<Pages query={{ ...query, cursor: "two" }} next="two" />); // what is shown is of the page before still
	rerender(<Pages query={{ ...query, cursor: "two" }} next="three" />);
	expect(link("Previous")).toBe("/products?ordering=price");
	rerender(<Pages query={{ ...query, cursor: "three" }} next={undefined} />);
	expect(link("Previous")).toBe("/products?ordering=price&cursor=two");
	expect(screen.queryByRole("link", { name: "Next" })).toBeNull();
	rerender(<Pages query={{ ...query, cursor: "sent by a friend" }} next={undefined} />);
	expect(link("First page")).toBe("/products?ordering=price");
});

const link = (name: string) => screen.getByRole("link", { name }).getAttribute("href");

it("says how many products there are, as far as it knows", () => {
	const products = [{ id: 1 }, { id: 2 }] as never[];
	const { rerender } = render(<Found state={{ is: "loading" }} paged={false} />);
	const said = () => screen.getByRole("status").textContent;
	expect(said()).toBe("");
	rerender(<Found state={{ is: "ready", data: { body: products } }} paged={false} />);
	expect(said()).toBe("2 products");
	rerender(<Found state={{ is: "ready", data: { body: products, next: "c" } }} paged={false} />);
	expect(said()).toBe("2 products on this page");
	rerender(<Found state={{ is: "ready", data: { body: [] } }} paged={false} />);
	expect(said()).toBe("No products");
});

/** The filters with the address that they write. */
function Addressed() {
	const { query, route } = useLocation();
	return (
		<Filters
			query={readQuery(query)}
			onChange={(change, replace) => {
				const values = Object.entries({ ...query, ...change }).filter(([, value]) => value);
				route(`/products?${new URLSearchParams(values as string[][])}`, replace);
			}}
		/>
	);
}

function showFilters(address: string) {
	history.replaceState(null, "", address);
	render(
		<LocationProvider>
			<Addressed />
		</LocationProvider>,
	);
	return screen.getByRole<HTMLInputElement>("searchbox");
}

it("searches when one pauses, in the same entry of the history", async () => {
	const field = showFilters("/products?product_type=digital");
	const entries = history.length;
	fireEvent.input(field, { target: { value: "ra" } });
	fireEvent.input(field, { target: { value: " rain " } });
	expect(location.search).toBe("?product_type=digital");
	await expect.poll(() => location.search).toBe("?product_type=digital&search=rain");
	expect(history.length).toBe(entries);
	expect(field.value).toBe(" rain "); // what is being typed stays as it is
});

it("keeps what else is chosen within the pause", async () => {
	const field = showFilters("/products");
	fireEvent.input(field, { target: { value: "rain" } });
	fireEvent.change(screen.getByRole("combobox"), { target: { value: "name" } });
	await expect.poll(() => location.search).toBe("?ordering=name&search=rain");
});

it("is led to by the key /, but not from another field", () => {
	const field = showFilters("/products");
	const order = screen.getByRole("combobox");
	fireEvent.keyDown(order, { key: "/" });
	expect(document.activeElement).not.toBe(field);
	fireEvent.keyDown(document.body, { key: "/" });
	expect(document.activeElement).toBe(field);
});

it("chooses a kind and an order", async () => {
	showFilters("/products?search=rain");
	fireEvent.click(screen.getByRole("radio", { name: "Services" }));
	await expect.poll(() => location.search).toBe("?search=rain&product_type=service");
	fireEvent.change(screen.getByRole("combobox"), { target: { value: "-price" } });
	await expect.poll(() => location.search).toBe("?search=rain&product_type=service&ordering=-price");
});
