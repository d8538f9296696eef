import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../lib/i18n";
import { Icon } from "../../ui/icon";

/** How long a pause in typing is, in milliseconds. */
const pause = 250;

type Props = { value: string; onSearch: (text: string) => void };

/** A field that searches when one pauses; the key / leads to it. */
export function SearchField({ value, onSearch }: Props) {
	const [text, setText] = useState(value);
	const input = useRef<HTMLInputElement>(null);
	const searched = useRef(value);
	const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
	const tell = useRef(onSearch); // what else is asked for may change within the pause
	tell.current = onSearch;

	const search = (wanted: string) => {
		clearTimeout(timer.current);
		if (wanted === searched.current) return;
		searched.current = wanted;
		tell.current(wanted);
	};

	// What was searched for changes elsewhere, too: by Back, and by clearing.
	useEffect(() => {
		if (value === searched.current) return;
		clearTimeout(timer.current);
		searched.current = value;
		setText(value);
	}, [value]);

	useEffect(() => {
		const focus = (event: KeyboardEvent) => {
			if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
			event.preventDefault();
			input.current?.focus();
			input.current?.select();
		};
		document.addEventListener("keydown", focus);
		return () => {
			document.removeEventListener("keydown", focus);
			clearTimeout(timer.current);
		};
	}, []);

	return (
		<form
			class="search catalog-search"
			onSubmit={(event) => {
				event.preventDefault();
				search(text.trim());
			}}
		>
			<Icon name="search" />
			<input
				ref={input}
				type="search"
				name="search"
				aria-label={t("catalog.search")}
				aria-keyshortcuts="/"
				placeholder={t("catalog.search")}
				maxLength={200}
				value={text}
				onInput={(event) => {
					const typed = event.currentTarget.value;
					setText(typed);
					clearTimeout(timer.current);
					timer.current = setTimeout(() => search(typed.trim()), pause);
				}}
			/>
		</form>
	);
}

function isTyping(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable], dialog") !== null;
}
