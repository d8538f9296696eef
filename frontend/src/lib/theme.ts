import { signal } from "@preact/signals";
import { cookie, setCookie } from "./cookies";

/** `system` follows the device. */
export type Theme = "system" | "light" | "dark";

/** What the visitor chose. The server writes it into the page, so that nothing flashes. */
export const theme = signal<Theme>(known(cookie("theme")));

function known(value: string | undefined): Theme {
	return value === "light" || value === "dark" ? value : "system";
}

export function setTheme(to: Theme) {
	theme.value = to;
	setCookie("theme", to === "system" ? "" : to);
	apply();
}

/** Has the document look as chosen. */
export function apply() {
	const { dataset } = document.documentElement;
	if (theme.value === "system") delete dataset["theme"];
	else dataset["theme"] = theme.value;
}
