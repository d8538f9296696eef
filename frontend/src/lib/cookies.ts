/** Whether the SDK's cookies say that somebody is signed in. They may be of a session that has ended since. */
export function hasSession(cookies: string): boolean {
	return cookies.split("; ").some((cookie) => {
		const [name = "", value = ""] = cookie.split("=");
		if (/^__session(_|$)/.test(name)) return value !== "";
		return /^__client_uat(_|$)/.test(name) && value !== "" && value !== "0";
	});
}
