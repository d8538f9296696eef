import { useCallback, useEffect, useState } from "preact/hooks";
import { api, body } from "../../api/client";
import { messageOf, Problem } from "../../api/problem";
import type { Checkout } from "../../api/types";
import { pauses, type Standing, standing } from "./standing";

/** What is known of an order by its id. `unknown` is that there is no such order. */
export type CheckoutState =
	| { is: "loading" }
	| { is: "unknown" }
	| { is: "failed"; message: string }
	| { is: "ready"; standing: Standing; checkout: Checkout };

/** Asks how an order stands, again and again while that may change any moment. `again` begins anew. */
export function useCheckout(order: string): { state: CheckoutState; again: () => void } {
	const [state, setState] = useState<CheckoutState>({ is: "loading" });
	const [round, setRound] = useState(0);

	useEffect(() => {
		const controller = new AbortController();
		setState((was) => (was.is === "ready" ? was : { is: "loading" }));
		follow(order, controller.signal, setState);
		return () => controller.abort();
	}, [order, round]);

	return { state, again: useCallback(() => setRound((last) => last + 1), []) };
}

async function follow(order: string, signal: AbortSignal, tell: (state: CheckoutState) => void) {
	for (let asked = 0; ; asked++) {
		const state = await ask(order, signal, asked === pauses.length);
		if (signal.aborted) return;
		const waits = state.is === "failed" || (state.is === "ready" && state.standing === "waiting");
		const pause = pauses[asked];
		// A question that got no answer is asked again; only the last one tells that there is none.
		if (state.is !== "failed" || pause === undefined) tell(state);
		if (!waits || pause === undefined) return;
		await new Promise((go) => setTimeout(go, pause));
		if (signal.aborted) return;
	}
}

async function ask(order: string, signal: AbortSignal, last: boolean): Promise<CheckoutState> {
	if (!order) return { is: "unknown" };
	try {
		const params = { path: { public_id: order } };
		const checkout = await body(api.GET("/api/checkout/{public_id}/", { params, signal, cache: "no-store" }));
		return { is: "ready", standing: standing(checkout, last), checkout };
	} catch (error) {
		if (error instanceof Problem && error.status === 404) return { is: "unknown" };
		return { is: "failed", message: messageOf(error) };
	}
}
