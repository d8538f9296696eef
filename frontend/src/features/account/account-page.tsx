import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { type Key, t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Page } from "../../ui/page";
import "./account.css";
import { SignedIn } from "./signed-in";

const links: [string, Key][] = [
	[paths.app(), "account.overview"],
	[paths.purchases(), "purchases.title"],
	[paths.downloads(), "downloads.title"],
	[paths.subscriptions(), "subscriptions.title"],
	[paths.bookings(), "bookings.title"],
	[paths.profile(), "profile.title"],
];

type Props = { title: string; children: ComponentChildren };

/** A page for who is signed in, with the ways to the others. */
export function AccountPage({ title, children }: Props) {
	const { path } = useLocation();
	return (
		<Page title={title}>
			<SignedIn>
				<div class="account">
					<nav ref={showCurrent} class="account-nav no-print" aria-label={t("shell.account")}>
						{links.map(([to, text]) => (
							<a
								key={to}
								href={to}
								aria-current={path === to ? "page" : path.startsWith(`${to}/`) ? "true" : undefined}
							>
								{t(text)}
							</a>
						))}
					</nav>
					<div class="account-body">{children}</div>
				</div>
			</SignedIn>
		</Page>
	);
}

/** On a phone the links are one row, wider than the screen. */
function showCurrent(nav: HTMLElement | null) {
	nav?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
