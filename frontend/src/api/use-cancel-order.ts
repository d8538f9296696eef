import { useState } from "preact/hooks";
import { api, body } from "./client";
import { messageOf } from "./problem";

/** Cancels an order that is not paid; says how it went by `done` or `failed`, and then `after`. */
export function useCancelOrder(
	publicId: string,
	tell: { done: () => void; failed: (why: string) => void; after: () => void },
) {
	const [busy, setBusy] = useState(false);
	const cancel = async () => {
		setBusy(true);
		try {
			await body(api.POST("/api/account/orders/{public_id}/cancel/", { params: { path: { public_id: publicId } } }));
			tell.done();
		} catch (error) {
			tell.failed(messageOf(error));
		}
		setBusy(false);
		tell.after();
	};
	return { busy, cancel };
}
