import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Answer } from "../../api/client";
import { messageOf } from "../../api/problem";
import { useResource } from "../../api/resource";
import { type Key, t } from "../../lib/i18n";
import { Art } from "../../ui/art";
import { Button } from "../../ui/button";
import { Empty, Show, Skeleton } from "../../ui/states";
import { toast } from "../../ui/toast";
import { fetchListed, joined, listed } from "./listed";

/** Puts a thing in the place of the one that it was, or has the list fetched again. */
export type Change<T> = { show: (thing: T) => void; again: () => void };

type Props<T> = {
	/** What is remembered under, as the API's path. */
	name: string;
	fetch: (query: { cursor?: string; limit: number }, signal?: AbortSignal) => Promise<Answer<T[]>>;
	/** What is said where there is nothing, and where to get some. */
	empty: { title: Key; text: Key; to: string };
	children: (thing: T, change: Change<T>) => ComponentChildren;
};

/** How many are fetched at once. */
const limit = 50;

/** A list of what is the signed-in user's, page after page; fetched again, it is as long as it was. */
export function AccountList<T extends { id: number }>({ name, fetch, empty, children }: Props<T>) {
	const shown = useRef(0);
	const list = useResource(name, (signal) => fetchListed<T>((query) => fetch(query, signal), shown.current, limit));
	if (list.state.is === "ready") shown.current = list.state.data.items.length;
	return (
		<Show of={list} skeleton={<Rows />}>
			{({ items, next }) => {
				if (items.length === 0) return <Nothing {...empty} />;
				const show = (thing: T) =>
					list.change((now) => ({ ...now, items: now.items.map((one) => (one.id === thing.id ? thing : one)) }));
				const more = async (cursor: string) => {
					const page = listed(await fetch({ limit, cursor }));
					list.change((now) => joined(now, page));
				};
				return (
					<>
						<ul class="list account-list">
							{items.map((thing) => (
								<li key={thing.id}>{children(thing, { show, again: list.again })}</li>
							))}
						</ul>
						{next && <More more={() => more(next)} />}
					</>
				);
			}}
		</Show>
	);
}

function Nothing({ title, text, to }: Props<unknown>["empty"]) {
	return (
		<Empty art={<Art name="stall" />} title={t(title)}>
			<p>{t(text)}</p>
			<a class="button primary" href={to}>
				{t("account.browse")}
			</a>
		</Empty>
	);
}

function More({ more }: { more: () => Promise<void> }) {
	const [busy, setBusy] = useState(false);
	const load = async () => {
		setBusy(true);
		await more().catch((error: unknown) => toast(messageOf(error), { bad: true }));
		setBusy(false);
	};
	return (
		<p>
			<Button onClick={load} busy={busy}>
				{t("account.more")}
			</Button>
		</p>
	);
}

/** The places of a few rows of a list. */
export function Rows() {
	return (
		<>
			<Skeleton height={5} />
			<Skeleton height={5} />
			<Skeleton height={5} />
		</>
	);
}
