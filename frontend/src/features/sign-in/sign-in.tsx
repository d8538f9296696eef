import { paths } from "../../lib/paths";
import { Mounted } from "../../ui/mounted";
import { Page } from "../../ui/page";

const options = { routing: "path", path: paths.signIn() };

export default function SignIn() {
	return (
		<Page title="Sign in">
			<Mounted component="SignIn" options={options} />
		</Page>
	);
}
