import { Component, type ComponentChildren } from "preact";
import { t } from "../lib/i18n";
import { Art } from "../ui/art";
import { Button } from "../ui/button";
import { Page } from "../ui/page";

type Props = { path: string; children: ComponentChildren };
type State = { path?: string; failed: boolean };

/** Shows, in place of a page that failed, that it did, until one goes to another. */
export class Broken extends Component<Props, State> {
	override state: State = { failed: false };

	static getDerivedStateFromProps({ path }: Props, before: State): State {
		return path === before.path ? before : { path, failed: false };
	}

	override componentDidCatch(error: unknown) {
		console.error(error);
		this.setState({ failed: true });
	}

	override render() {
		if (!this.state.failed) return this.props.children;
		return (
			<Page title={t("shell.broken")} lead={t("shell.broken.text")}>
				<Button kind="primary" onClick={() => location.reload()}>
					{t("shell.reload")}
				</Button>
				<Art name="tile" />
			</Page>
		);
	}
}
