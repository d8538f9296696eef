import { paths } from "../../lib/paths";
import { Mounted } from "../../ui/mounted";
import { Page } from "../../ui/page";
import { SignedIn } from "./signed-in";

const options = { routing: "path", path: paths.profile() };

export default function Profile() {
	return (
		<Page title="Profile">
			<SignedIn>
				<Mounted component="UserProfile" options={options} />
			</SignedIn>
		</Page>
	);
}
