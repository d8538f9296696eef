import { answer, api } from "../../api/client";
import type { Download } from "../../api/types";
import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { AccountList } from "./account-list";
import { AccountPage } from "./account-page";
import { DownloadRow } from "./download-row";

/** All files that the signed-in user has bought. */
export default function Downloads() {
	return (
		<AccountPage title={t("downloads.title")}>
			<AccountList<Download>
				name="/api/account/downloads/"
				fetch={(query, signal) =>
					answer(api.GET("/api/account/downloads/", { params: { query }, ...(signal && { signal }) }))
				}
				empty={{ title: "downloads.none", text: "downloads.none.text", to: `${paths.products()}?product_type=digital` }}
			>
				{(download, { show }) => <DownloadRow download={download} changed={show} />}
			</AccountList>
		</AccountPage>
	);
}
