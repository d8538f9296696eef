import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { frontendHost, readConfig } from "./config";

describe("readConfig", () => {
	it("takes what the shop wrote into the page", () => {
		const element = `{"shop":"Ana's","development":true,"tools":[{"name":"mail","path":"/__mail/"}],"portal":"https://billing.example.com/","clerk":{"publishable_key":"pk_live_x","proxy_url":"/__clerk","scripts":"/__clerk/npm","stripe":"/__clerk/stripe.js"}}`;
		expect(readConfig(element, { VITE_CLERK_PUBLISHABLE_KEY: "pk_test_other" })).toEqual({
			shop: "Ana's",
			development: true,
			tools: [{ name: "mail", path: "/__mail/" }],
			portal: "https://billing.example.com/",
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
			VITE_CLERK_BILLING_PORTAL_URL: "https://billing.example.com/",
		});
		expect(config.api).toBe("https://shop.example.com");
		expect(config.portal).toBe("https://billing.example.com/");
		expect(config.clerk).toEqual({
			publishableKey: key,
			proxyUrl: "",
			scripts: "https://app-1.clerk.accounts.dev/npm",
			stripe: "",
		});
	});

	it("is told by the variables that .env.example has", () => {
		const names = [...readFileSync(".env.example", "utf8").matchAll(/^(\w+)=$/gm)].map(([, name]) => name);
		expect(names).toEqual(["VITE_CLERK_PUBLISHABLE_KEY", "VITE_API_BASE_URL", "VITE_CLERK_BILLING_PORTAL_URL"]);
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
