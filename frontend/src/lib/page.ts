import { type Built, readConfig } from "./config";

/** The configuration of this page. */
export const config = readConfig(
	document.getElementById("souk-config")?.textContent,
	import.meta.env as ImportMetaEnv & Built,
);
