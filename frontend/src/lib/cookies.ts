/** Whether the SDK's cookies say that somebody is signed in. They may be of a session that has ended since. */
export function hasSession(cookies: string): boolean {
	return cookies.split("; ").some((cookie) => {
		const [name = "", value = ""] = cookie.split("=");
		if (/^__session(_|$)/.test(name)) return value !== "";
		return /^__client_uat(_|$)/.test(name) && value !== "" && value !== "0";
	});
}

/** The value of one of the page's own cookies. */
export function cookie(name: string, cookies = document.cookie): string | undefined {
	const start = `${name}=`;
	return cookies
		.split("; ")
		.find((one) => one.startsWith(start))
		?.slice(start.length);
}

const year = 365 * 24 * 60 * 60;

/** Keeps a choice of the visitor for a year; an empty value forgets it. The server reads it, too. */
export function setCookie(name: string, value: string) {
	// biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
	document.cookie = `${name}=${value}; path=/; max-age=${value ? year : 0}; samesite=lax`;
}
