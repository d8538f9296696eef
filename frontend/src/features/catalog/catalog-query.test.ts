import { expect, it } from "vitest";
import { catalogPath, isFiltered, readQuery, toKey } from "./catalog-query";

it.each([
	[{}, "/products", "/api/products/?limit=24"],
	[
		{ product_type: "service", page: "2" },
		"/products?product_type=service",
		"/api/products/?limit=24&product_type=service",
	],
	[{ product_type: "car", ordering: "id" }, "/products", "/api/products/?limit=24"],
	[{ ordering: "-created_at" }, "/products", "/api/products/?limit=24"],
	[
		{ cursor: "a+/=", ordering: "-price", search: " rain & wind ", product_type: "digital" },
		"/products?product_type=digital&search=rain+%26+wind&ordering=-price&cursor=a%2B%2F%3D",
		"/api/products/?limit=24&product_type=digital&search=rain%20%26%20wind&ordering=-price&cursor=a%2B%2F%3D",
	],
])("reads %j as %s and asks for %s", (address, path, key) => {
	const query = readQuery(address as Record<string, string>);
	expect(catalogPath(query)).toBe(path);
	expect(toKey(query)).toBe(key);
	expect(readQuery(Object.fromEntries(new URL(path, location.origin).searchParams))).toEqual(query);
});

it("keeps a search within what the API takes", () => {
	expect(readQuery({ search: "x".repeat(500) }).search?.length).toBe(200);
});

it("tells what narrows the list from what orders it", () => {
	expect(isFiltered({ search: "rain" })).toBe(true);
	expect(isFiltered({ product_type: "digital" })).toBe(true);
	expect(isFiltered({ ordering: "price", cursor: "c" })).toBe(false);
});
