import { paths } from "../../lib/paths";
import { Mounted } from "../../ui/mounted";
import { Page } from "../../ui/page";

const options = { routing: "path", path: paths.signUp() };

export default function SignUp() {
	return (
		<Page title="Sign up">
			<Mounted component="SignUp" options={options} />
		</Page>
	);
}
