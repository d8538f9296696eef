import { expect, it } from "vitest";
import { ours } from "./ours";

it.each([
	["/", true],
	["/products?search=api", true],
	["/checkout/success?order=1", true],
	["/checkout/cancel", true],
	["https://shop.example.test/pricing?plan=x", true],
	["/apiary", true],
	["/checkout/0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10/", false],
	["https://shop.example.test/checkout/0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10/", false],
	["/checkout/success/", false],
	["/api/docs/", false],
	["/__stripe/", false],
	["/covers/a.svg", false],
])("takes %s as a page: %s", (address, page) => {
	expect(ours.test(address)).toBe(page);
});
