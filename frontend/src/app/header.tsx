import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { loadClerk, session } from "../lib/clerk";
import { t } from "../lib/i18n";
import { config } from "../lib/page";
import { paths } from "../lib/paths";
import { Mounted } from "../ui/mounted";

const buttonOptions = { userProfileMode: "navigation", userProfileUrl: paths.profile() };

export function Header() {
	const { path } = useLocation();
	const link = (to: string, text: string) => (
		<a href={to} aria-current={path === to ? "page" : path.startsWith(`${to}/`) ? "true" : undefined}>
			{text}
		</a>
	);
	return (
		<header class="shell-header">
			<div class="shell-bar">
				<a class="shell-brand" href={paths.home()}>
					{config.shop}
				</a>
				<nav aria-label={t("shell.nav")}>
					{link(paths.products(), t("shell.products"))}
					{link(paths.pricing(), t("shell.pricing"))}
					{session.value.is === "in" && link(paths.app(), t("shell.account"))}
				</nav>
				<div class="shell-who">{config.clerk.publishableKey && <Who url={useLocation().url} />}</div>
			</div>
		</header>
	);
}

function Who({ url }: { url: string }) {
	const { is } = session.value;
	useEffect(() => {
		if (is === "unknown") loadClerk().catch(() => undefined); // session tells of it
	}, [is]);
	switch (is) {
		case "unknown":
			return null;
		case "in":
			return <Mounted component="UserButton" options={buttonOptions} loading="" />;
		case "out":
		case "failed": {
			const back = /^\/(sign-|checkout\/|$)/.test(url) ? undefined : url;
			return (
				<>
					<a href={paths.signIn(back)}>{t("shell.signIn")}</a>
					<a class="button primary" href={paths.signUp(back)}>
						{t("shell.signUp")}
					</a>
				</>
			);
		}
	}
}
