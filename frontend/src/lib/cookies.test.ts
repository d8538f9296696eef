import { expect, it } from "vitest";
import { hasSession } from "./cookies";

it.each([
	["", false],
	["theme=dark; csrftoken=abc", false],
	["__client_uat=0; __client_uat_pjBrReRt=0", false],
	["__session=", false],
	["my__session=abc", false],
	["__sessions=abc", false],
	["__session=a.b.c", true],
	["theme=dark; __session_pjBrReRt=a.b.c", true],
	["__client_uat=1795430000", true],
	["__client_uat=0; __client_uat_pjBrReRt=1795430000", true],
])("%j: %s", (cookies, signedIn) => {
	expect(hasSession(cookies)).toBe(signedIn);
});
