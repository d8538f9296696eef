import { expect, it } from "vitest";
import { chooseLanguage, chooseLocale, t } from "./i18n";

it.each([
	["de", "en", ["en-US"], "de"],
	[undefined, "de", ["en-US"], "de"],
	[undefined, "", ["fr-FR", "de-AT", "en"], "de"],
	["xx", "fr", ["ja"], "en"],
	["toString", "", [], "en"],
] as const)("speaks to %j on a page in %j with a browser in %j", (chosen, page, browser, language) => {
	expect(chooseLanguage(chosen, page, browser)).toBe(language);
});

it("writes dates and money as the visitor's region does", () => {
	expect(chooseLocale("de", ["en-US", "de-CH"])).toBe("de-CH");
	expect(chooseLocale("de", ["en-US"])).toBe("de");
});

it("fills places, and leaves what it has no value for", () => {
	expect(t("shell.sells", { shop: "Ana's $& shop" })).toBe("Sold directly by Ana's $& shop.");
	expect(t("shell.sells")).toContain("{shop}");
});
