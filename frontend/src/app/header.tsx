import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { loadClerk, session } from "../lib/clerk";
import { config } from "../lib/page";
import { paths } from "../lib/paths";
import { Mounted } from "../ui/mounted";

const buttonOptions = { userProfileMode: "navigation", userProfileUrl: paths.profile() };

export function Header() {
	const { path } = useLocation();
	const link = (to: string, text: string) => (
		<a href={to} aria-current={path === to ? "page" : undefined}>
			{text}
		</a>
	);
	return (
		<header class="bar">
			<a class="brand" href={paths.home()}>
				{config.shop}
			</a>
			<nav aria-label="Shop">
				{link(paths.home(), "Products")}
				{link(paths.pricing(), "Pricing")}
				{session.value.is === "in" && link(paths.app(), "Account")}
			</nav>
			<div class="who">{config.clerk.publishableKey && <Who />}</div>
		</header>
	);
}

function Who() {
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
		case "failed":
			return (
				<>
					<a href={paths.signIn()}>Sign in</a>
					<a class="button" href={paths.signUp()}>
						Sign up
					</a>
				</>
			);
	}
}
