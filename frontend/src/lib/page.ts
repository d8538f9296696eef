import { type Built, readConfig } from "./config";

const element = document.getElementById("souk-config");

/** The configuration of this page. */
export const config = readConfig(element?.textContent, import.meta.env as ImportMetaEnv & Built);

/** The language that the shop found best for the visitor; empty when something else serves the page. */
export const languageOfPage = element ? document.documentElement.lang : "";

/** The address of a product's cover, which the shop draws: 4 to 3. */
export const picture = (slug: string) => `${config.api}/covers/${encodeURIComponent(slug)}.svg`;
