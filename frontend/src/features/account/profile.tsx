import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Mounted } from "../../ui/mounted";
import { AccountPage } from "./account-page";

const options = { routing: "path", path: paths.profile() };

export default function Profile() {
	return (
		<AccountPage title={t("profile.title")}>
			<Mounted component="UserProfile" options={options} />
		</AccountPage>
	);
}
