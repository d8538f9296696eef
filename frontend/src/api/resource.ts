import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Remote, Resource } from "../lib/remote";
import { messageOf } from "./problem";

/** Fetches once, and again whenever the window comes to the front. `fetcher` must not change from render to render. */
export function useResource<T>(fetcher: (signal: AbortSignal) => Promise<T>): Resource<T> {
	const [state, setState] = useState<Remote<T>>({ is: "loading" });
	const running = useRef<AbortController>(null);
	const again = useCallback(() => {
		running.current?.abort();
		const controller = new AbortController();
		running.current = controller;
		fetcher(controller.signal).then(
			(data) => {
				if (!controller.signal.aborted) setState({ is: "ready", data });
			},
			(error: unknown) => {
				if (controller.signal.aborted) return;
				setState((shown) => (shown.is === "ready" ? shown : { is: "failed", message: messageOf(error) }));
			},
		);
	}, [fetcher]);
	useEffect(() => {
		again();
		window.addEventListener("focus", again);
		return () => {
			window.removeEventListener("focus", again);
			running.current?.abort();
		};
	}, [again]);
	return { state, again };
}
