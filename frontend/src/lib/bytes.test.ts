import { expect, it } from "vitest";
import { formatBytes } from "./bytes";

it.each([
	[0, "0 bytes"],
	[1, "1 byte"],
	[999, "999 bytes"],
	[1000, "1 kB"],
	[1550, "1.6 kB"],
	[73_400_320, "73 MB"],
	[999_900, "1 MB"],
	[5_000_000_000, "5 GB"],
])("writes %s as %s", (bytes, shown) => {
	expect(formatBytes(bytes, "en-US")).toBe(shown);
});
