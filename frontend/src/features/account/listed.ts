import type { Answer } from "../../api/client";

/** The things of a list from its start, and the cursor of what comes after them. */
export type Listed<T> = { items: T[]; next?: string };

export type FetchPage<T> = (query: { cursor?: string; limit: number }) => Promise<Answer<T[]>>;

/** A list's first things, in pages of `limit`: at least so many, if it has them. */
export async function fetchListed<T>(fetch: FetchPage<T>, atLeast: number, limit: number): Promise<Listed<T>> {
	let all = listed(await fetch({ limit }));
	while (all.next && all.items.length < atLeast) all = joined(all, listed(await fetch({ limit, cursor: all.next })));
	return all;
}

export function listed<T>({ body, next }: Answer<T[]>): Listed<T> {
	return { items: body, ...(next && { next }) };
}

export function joined<T>(list: Listed<T>, page: Listed<T>): Listed<T> {
	return { ...page, items: [...list.items, ...page.items] };
}
