import { describe, expect, it } from "vitest";
import { frontendHost, readConfig } from "./config";

describe("readConfig", () => {
	it("takes what the shop wrote into the page", () => {
		const element = `{"shop":"Ana's","development":true,"tools":[{"name":"mail","path":"/__mail/"}],"clerk":{"publishable_key":"pk_live_x","proxy_url":"/__clerk","scripts":"/__clerk/npm","stripe":"/__clerk/stripe.js"}}`;
		expect(readConfig(element, { VITE_CLERK_PUBLISHABLE_KEY: "pk_test_other" })).toEqual({
			shop: "Ana's",
			development: true,
			tools: [{ name: "mail", path: "/__mail/" }],
			api: "",
			clerk: {
				publishableKey: "pk_live_x",
				proxyUrl: "/__clerk",
				scripts: "/__clerk/npm",
				stripe: "/__clerk/stripe.js",
			},
		});
	});

	it("takes the build's variables when something else serves the pages", () => {
		const key = `pk_test_${btoa("app-1.clerk.accounts.dev$")}`;
		const config = readConfig(null, {
			VITE_CLERK_PUBLISHABLE_KEY: key,
			VITE_API_BASE_URL: "https://shop.example.com/api/",
		});
		expect(config.api).toBe("https://shop.example.com");
		expect(config.clerk).toEqual({
			publishableKey: key,
			proxyUrl: "",
			scripts: "https://app-1.clerk.accounts.dev/npm",
			stripe: "",
		});
	});

	it("leaves sign-in off without a key", () => {
		expect(readConfig("", {}).clerk).toEqual({ publishableKey: "", proxyUrl: "", scripts: "", stripe: "" });
		expect(readConfig("{}", {}).clerk.publishableKey).toBe("");
	});
});

it("reads the host from a key, padded or not", () => {
	expect(frontendHost(`pk_live_${btoa("clerk.example.com$")}`)).toBe("clerk.example.com");
	expect(frontendHost(`pk_live_${btoa("clerk.example.org$").replace(/=+$/, "")}`)).toBe("clerk.example.org");
});
