import { t } from "../lib/i18n";
import { paths } from "../lib/paths";
import { Art } from "./art";
import { Page } from "./page";

/** In place of a page or a product that is not there. */
export function Missing() {
	return (
		<Page title={t("shell.missing")} lead={t("shell.missing.text")}>
			<p>
				<a class="button primary" href={paths.products()}>
					{t("shell.missing.products")}
				</a>
			</p>
			<Art name="tile" />
		</Page>
	);
}
