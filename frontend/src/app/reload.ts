const key = "reloaded";

/**
 * Loads the page that the address names from the server, unless that was done for it just before, or nobody can be reached. A new
 * release has other scripts than the one that a page in the browser is of.
 */
export function reloadOnce(): boolean {
	if (!navigator.onLine || sessionStorage.getItem(key) === location.href) return false;
	sessionStorage.setItem(key, location.href);
	location.reload();
	return true;
}
