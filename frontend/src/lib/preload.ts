/** The API's answers that the server wrote into the page, by their path and query. */
export const preloaded: Record<string, unknown> = JSON.parse(
	document.getElementById("souk-preload")?.textContent || "{}",
);
