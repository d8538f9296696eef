import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, body } from "../../api/client";
import { messageOf, Problem } from "../../api/problem";
import type { OrderCreated } from "../../api/types";
import { loadClerk, session } from "../../lib/clerk";
import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { type Choice, choicePath } from "./choice";
import { isFinal, orderKey, settleOrder } from "./order-key";

/** Why an order was not made. */
export type Refusal = { status: number; code: string; message: string; fields: Record<string, string> };

/** Makes an order and leads to where it is paid; who is not signed in goes there first, and comes back to the same choice. */
export function useOrder(slug: string) {
	const { route } = useLocation();
	const [busy, setBusy] = useState(false);
	const [refusal, setRefusal] = useState<Refusal>();

	// Who comes back from the payment by Back finds the page as it was left.
	useEffect(() => {
		const shown = (event: PageTransitionEvent) => event.persisted && setBusy(false);
		window.addEventListener("pageshow", shown);
		return () => window.removeEventListener("pageshow", shown);
	}, []);

	const order = async (choice: Choice) => {
		setBusy(true);
		setRefusal(undefined);
		const here = choicePath(slug, choice);
		const signIn = () => route(paths.signIn(here));
		try {
			if (!navigator.onLine) throw new TypeError("offline"); // Clerk would try for long
			if (session.peek().is !== "in" && !(await signsIn())) return signIn();
			lead(await place(choice), route);
		} catch (error) {
			setBusy(false);
			setRefusal(toRefusal(error));
		}
	};
	return { order, busy, refusal, forget: () => setRefusal(undefined) };
}

/** Whether somebody is signed in, where that is not known yet. */
async function signsIn(): Promise<boolean> {
	if (session.peek().is === "out") return false;
	await loadClerk().catch(() => {
		throw new Problem(503, t("ui.signInDown"));
	});
	return session.peek().is === "in";
}

async function place({ price, quantity }: Choice): Promise<OrderCreated> {
	const wanted = { price_id: price.id, quantity };
	try {
		const header = { "Idempotency-Key": orderKey(wanted) };
		const created = await body(api.POST("/api/account/orders/create/", { params: { header }, body: wanted }));
		settleOrder();
		return created;
	} catch (error) {
		if (isFinal(error)) settleOrder();
		throw error;
	}
}

/** What costs nothing is there at once; a plan is taken on a page of ours; all else is paid elsewhere. */
function lead({ order, checkout }: OrderCreated, route: (url: string) => void) {
	const to = new URL(checkout.checkout_url, location.href);
	if (order.status !== "pending_payment") route(paths.success(order.public_id));
	else if (to.origin === location.origin && to.pathname === paths.pricing()) route(to.pathname + to.search);
	else location.assign(to);
}

function toRefusal(error: unknown): Refusal {
	const { status, code, fields } = error instanceof Problem ? error : { status: 0, code: "", fields: {} };
	return { status, code, fields, message: messageOf(error) };
}
