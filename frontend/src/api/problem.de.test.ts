import { expect, it, vi } from "vitest";

// biome-ignore lint/suspicious/noDocumentCookie: the page's language is read from it when the modules start
document.cookie = "lang=de";
vi.resetModules();
const { loadTexts } = await import("../lib/i18n");
const { toProblem } = await import("./problem");
await loadTexts();

it("says nothing in English that the API says", () => {
	const errors = [
		{ location: "body.price_id", message: "is not offered" },
		{ location: "body.other", message: "must be something else" },
	];
	const refused = toProblem(409, { detail: "No.", code: "of_its_own", errors });
	expect(refused.message).toBe("Der Shop hat das nicht angenommen.");
	expect(refused.fields).toEqual({
		price_id: "Diesen Preis gibt es nicht mehr. Bitte wählen Sie neu.",
		other: "Das lässt sich so nicht verwenden. Bitte ändern Sie es.",
	});
	expect(toProblem(503, { detail: "No.", code: "of_its_own" }).message).toMatch(/^Der Shop kann das gerade nicht/);
	expect(toProblem(404, { detail: "No.", code: "not_found" }).message).toMatch(/^Das gibt es/);
});
