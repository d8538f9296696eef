import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { session } from "../../lib/clerk";
import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Failed, Loading } from "../../ui/states";

/** Shows what is for signed-in users alone, or the way to sign in. */
export function SignedIn({ children }: { children: ComponentChildren }) {
	const { url } = useLocation();
	switch (session.value.is) {
		case "unknown":
			return <Loading />;
		case "in":
			return <>{children}</>;
		case "out":
			return (
				<div class="notice">
					<p>{t("signIn.needed")}</p>
					<a class="button primary" href={paths.signIn(url)}>
						{t("shell.signIn")}
					</a>
				</div>
			);
		case "failed":
			return <Failed message={t("ui.signInDown")} again={() => location.reload()} />;
	}
}
