import { expect, it } from "vitest";
import { readDescription } from "./description";

it("reads paragraphs and lists", () => {
	const text = "Made slowly.\nBy hand.\r\n\r\nIn it:\n- one\n* two\n\n1. first\n2) second\n\n\n  Last.  ";
	expect(readDescription(text)).toEqual([
		{ is: "text", text: "Made slowly.\nBy hand." },
		{ is: "text", text: "In it:" },
		{ is: "list", ordered: false, items: ["one", "two"] },
		{ is: "list", ordered: true, items: ["first", "second"] },
		{ is: "text", text: "Last." },
	]);
});

it("takes a dash within a text, and what looks like HTML, as they are", () => {
	expect(readDescription("-5 degrees\n2.5 hours\n<b>bold</b>")).toEqual([
		{ is: "text", text: "-5 degrees\n2.5 hours\n<b>bold</b>" },
	]);
	expect(readDescription(" \n\n")).toEqual([]);
});
