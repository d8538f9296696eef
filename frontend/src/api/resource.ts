import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Remote, Resource } from "../lib/remote";
import { messageOf } from "./problem";

/** Fetches once, and again whenever the window comes to the front; never twice at once. `fetcher` must not change from render to render. */
export function useResource<T>(fetcher: (signal: AbortSignal) => Promise<T>): Resource<T> {
	const [state, setState] = useState<Remote<T>>({ is: "loading" });
	const running = useRef<AbortController>(null);
	const again = useCallback(() => {
		if (running.current) return; // its answer is as new as the one that would be asked for
		const controller = new AbortController();
		running.current = controller;
		const done = (change: (shown: Remote<T>) => Remote<T>) => {
			if (controller.signal.aborted) return;
			running.current = null;
			setState(change);
		};
		fetcher(controller.signal).then(
			(data) => done(() => ({ is: "ready", data })),
			(error: unknown) => done((shown) => (shown.is === "ready" ? shown : { is: "failed", message: messageOf(error) })),
		);
	}, [fetcher]);
	useEffect(() => {
		again();
		window.addEventListener("focus", again);
		return () => {
			window.removeEventListener("focus", again);
			running.current?.abort();
			running.current = null;
		};
	}, [again]);
	return { state, again };
}
