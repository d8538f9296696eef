import { getMine } from "../../api/client";
import { useResource } from "../../api/resource";
import { paths } from "../../lib/paths";
import { Page } from "../../ui/page";
import { Show } from "../../ui/remote";
import { SignedIn } from "./signed-in";

export default function Dashboard() {
	return (
		<Page title="Your account">
			<SignedIn>
				<Me />
			</SignedIn>
		</Page>
	);
}

const fetchMe = (signal: AbortSignal) => getMine("/api/me/", signal);

function Me() {
	const me = useResource(fetchMe);
	return (
		<>
			<Show of={me}>
				{({ email, profile, billing_features }) => (
					<dl class="facts">
						<dt>Name</dt>
						<dd>{`${profile.first_name} ${profile.last_name}`.trim() || "Not given"}</dd>
						<dt>E-mail</dt>
						<dd>{email || "Not known yet"}</dd>
						<dt>Plan</dt>
						<dd>{profile.plan_tier}</dd>
						<dt>Features</dt>
						<dd>{billing_features.join(", ") || "None"}</dd>
					</dl>
				)}
			</Show>
			<ul>
				<li>
					<a href={paths.subscriptions()}>Subscriptions</a>
				</li>
				<li>
					<a href={paths.profile()}>Profile, password and payment methods</a>
				</li>
				<li>
					<a href={paths.pricing()}>Plans and prices</a>
				</li>
			</ul>
		</>
	);
}
