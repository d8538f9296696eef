import { useState } from "preact/hooks";
import { api, body } from "../../api/client";
import { messageOf } from "../../api/problem";
import type { Download } from "../../api/types";
import { formatBytes } from "../../lib/bytes";
import { formatDate } from "../../lib/dates";
import { t, tn } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";
import { hand, saveFile, watched } from "./save-file";

type Props = { download: Download; changed: (grant: Download) => void };

/** A file: what it is, how often and how long it can be loaded, and the way to it. */
export function DownloadRow({ download, changed }: Props) {
	const { asset_title, product_name, product_slug, version_label, file_size_bytes } = download;
	const { part, load } = useLoad(download, changed);
	return (
		<>
			<div>
				<h2>{asset_title}</h2>
				<p class="quiet">
					<a href={paths.product(product_slug)}>{product_name}</a>
					{version_label && ` · ${t("downloads.version", { version: version_label })}`}
					{file_size_bytes > 0 && ` · ${formatBytes(file_size_bytes)}`}
				</p>
				<p>{left(download)}</p>
				{download.checksum_sha256 && <Checksum value={download.checksum_sha256} />}
				{part !== undefined && (
					<progress
						aria-label={t("downloads.progress", { file: asset_title })}
						max={1}
						{...(part >= 0 && { value: part })}
					/>
				)}
			</div>
			<div class="account-side">
				<Button
					kind="primary"
					busy={part !== undefined}
					why={download.can_download ? undefined : whyNot(download)}
					aria-label={t("downloads.get", { file: asset_title })}
					onClick={load}
				>
					<Icon name="download" />
					{t("downloads.download")}
				</Button>
			</div>
		</>
	);
}

/** How often, and until when. */
function left({ max_downloads, download_count, expires_at }: Download): string {
	const often =
		max_downloads === null
			? t("downloads.unlimited")
			: tn("downloads.left", Math.max(0, max_downloads - download_count));
	return expires_at ? `${often} · ${t("downloads.until", { date: formatDate(expires_at) })}` : often;
}

/** Why the server would refuse it (docs/errors.md: download_inactive, download_expired, download_used_up). */
export function whyNot(
	{ is_active, expires_at }: Pick<Download, "is_active" | "expires_at">,
	now = Date.now(),
): string {
	if (!is_active) return t("downloads.inactive");
	if (expires_at && Date.parse(expires_at) <= now) return t("downloads.expired");
	return t("downloads.usedUp");
}

/**
 * Loads the file, and says which part of it has come, from 0 to 1; -1 where that is not known, and undefined when it does not load.
 * It goes on when the reader goes to another page of the shop.
 */
function useLoad(download: Download, changed: Props["changed"]) {
	const [part, setPart] = useState<number>();
	const load = async () => {
		setPart(-1);
		try {
			const path = { token: download.token };
			const access = await body(api.POST("/api/account/downloads/{token}/access/", { params: { path } }));
			changed(access.grant);
			const size = download.file_size_bytes;
			const name = download.asset_title;
			if (size === 0 || size > watched) hand(access.download_url, name);
			else {
				const progress = (bytes: number) => setPart(Math.min(1, bytes / size));
				await saveFile(access.download_url, name, progress).catch(() => hand(access.download_url, name));
			}
			toast(t("downloads.done", { file: name }));
		} catch (error) {
			toast(messageOf(error), { bad: true });
		}
		setPart(undefined);
	};
	return { part, load };
}

function Checksum({ value }: { value: string }) {
	const copy = async () => {
		const copied = await navigator.clipboard.writeText(value).then(
			() => true,
			() => false, // it stands there to be copied by hand
		);
		if (copied) toast(t("downloads.copied"));
	};
	return (
		<details>
			<summary class="quiet">{t("downloads.checksum")}</summary>
			<p>
				<code>{value}</code>{" "}
				<Button onClick={copy}>
					<Icon name="copy" />
					{t("downloads.copy")}
				</Button>
			</p>
		</details>
	);
}
