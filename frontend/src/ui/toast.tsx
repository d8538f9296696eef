import { signal } from "@preact/signals";
import { t } from "../lib/i18n";
import { Icon } from "./icon";

type Toast = { id: number; text: string; bad: boolean };

const toasts = signal<Toast[]>([]);
let last = 0;

/** How long a toast stays, in milliseconds; one that tells of a failure stays until it is dismissed. */
const shownFor = 6000;

/** Says that a lone action worked, or that it did not. */
export function toast(text: string, { bad = false } = {}) {
	const id = ++last;
	toasts.value = [...toasts.value.slice(-2), { id, text, bad }];
	if (!bad) setTimeout(() => dismiss(id), shownFor);
}

function dismiss(id: number) {
	toasts.value = toasts.value.filter((one) => one.id !== id);
}

/** Where toasts appear; once a page. */
export function Toasts() {
	return (
		<div class="toasts" role="status">
			{toasts.value.map(({ id, text, bad }) => (
				<p key={id} class={bad ? "toast bad" : "toast"}>
					{text}
					<button type="button" class="bare" aria-label={t("ui.dismiss")} onClick={() => dismiss(id)}>
						<Icon name="close" />
					</button>
				</p>
			))}
		</div>
	);
}
