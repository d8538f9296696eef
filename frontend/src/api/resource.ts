import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { onSessionChange } from "../lib/clerk";
import { preloaded } from "../lib/preload";
import type { Remote, Resource } from "../lib/remote";
import { messageOf } from "./problem";

/** What was fetched, by key; the oldest goes when there are too many. */
const known = new Map<string, unknown>(Object.entries(preloaded));
const most = 50;

/** What the server wrote into this page a moment ago need not be asked for when it is shown first. */
const fresh = new Set(Object.keys(preloaded));

function remember(key: string, data: unknown) {
	known.delete(key);
	known.set(key, data);
	const [oldest] = known.keys();
	if (known.size > most && oldest !== undefined) known.delete(oldest);
}

// What one user may see is nothing for the next.
onSessionChange(() => known.clear());

/**
 * Fetches what has this key: the API's path and query for what everybody may see, which the server may have written into the page.
 * What is known is shown at once, and fetched again unless it came with the page; so it is whenever the window comes to the front; never twice at once.
 */
export function useResource<T>(key: string, fetcher: (signal: AbortSignal) => Promise<T>): Resource<T> {
	const [shown, setShown] = useState<{ key: string; state: Remote<T> }>();
	const state = shown?.key === key ? shown.state : first<T>(key);
	const fetch = useRef(fetcher);
	fetch.current = fetcher;
	const running = useRef<AbortController>(null);

	const again = useCallback(() => {
		if (running.current) return; // its answer is as new as the one that would be asked for
		const controller = new AbortController();
		running.current = controller;
		setShown((was) => (was?.key === key && was.state.is === "failed" ? { key, state: { is: "loading" } } : was));
		const done = (change: (before: Remote<T>) => Remote<T>) => {
			if (controller.signal.aborted) return;
			running.current = null;
			setShown((was) => ({ key, state: change(was?.key === key ? was.state : first(key)) }));
		};
		fetch.current(controller.signal).then(
			(data) => {
				if (!controller.signal.aborted) remember(key, data);
				done(() => ({ is: "ready", data }));
			},
			(error: unknown) =>
				done((before) => (before.is === "ready" ? before : { is: "failed", message: messageOf(error) })),
		);
	}, [key]);

	const change = useCallback(
		(from: (before: T) => T) => {
			if (!known.has(key)) return;
			const data = from(known.get(key) as T);
			running.current?.abort(); // what is on its way is older
			running.current = null;
			remember(key, data);
			setShown({ key, state: { is: "ready", data } });
		},
		[key],
	);

	useEffect(() => {
		if (!fresh.delete(key) || !known.has(key)) again();
		window.addEventListener("focus", again);
		return () => {
			window.removeEventListener("focus", again);
			running.current?.abort();
			running.current = null;
		};
	}, [again]);
	return { state, again, change };
}

function first<T>(key: string): Remote<T> {
	return known.has(key) ? { is: "ready", data: known.get(key) as T } : { is: "loading" };
}
