import { useEffect, useState } from "preact/hooks";
import { t } from "../lib/i18n";

/** Says that there is no connection, for as long as there is none. */
export function Offline() {
	const [offline, setOffline] = useState(!navigator.onLine);
	useEffect(() => {
		const look = () => setOffline(!navigator.onLine);
		window.addEventListener("online", look);
		window.addEventListener("offline", look);
		return () => {
			window.removeEventListener("online", look);
			window.removeEventListener("offline", look);
		};
	}, []);
	return (
		<div role="status" class="shell-offline">
			{offline && t("problem.offline")}
		</div>
	);
}
