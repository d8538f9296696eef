import { t } from "../../lib/i18n";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Mounted } from "../../ui/mounted";
import { Page } from "../../ui/page";

type Props = { component: "SignIn" | "SignUp" };

const options = {
	SignIn: { routing: "path", path: paths.signIn() },
	SignUp: { routing: "path", path: paths.signUp() },
};

/** Clerk's own page to sign in, or to sign up; it leads back to the redirect_url of the address. */
function Sign({ component }: Props) {
	return (
		<Page title={component === "SignIn" ? t("signIn.title") : t("signUp.title")}>
			{config.clerk.publishableKey ? (
				<Mounted component={component} options={options[component]} />
			) : (
				<p class="notice">{t("ui.signInOff")}</p>
			)}
		</Page>
	);
}

export const SignIn = () => <Sign component="SignIn" />;
export const SignUp = () => <Sign component="SignUp" />;
