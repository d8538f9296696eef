import { paths } from "../lib/paths";
import { Page } from "../ui/page";

export function NotFound() {
	return (
		<Page title="There is no such page">
			<p>
				Please check the address, or go to <a href={paths.home()}>the products</a>.
			</p>
		</Page>
	);
}
