import { api, body } from "../../api/client";
import { useResource } from "../../api/resource";
import { useCancelOrder } from "../../api/use-cancel-order";
import { session } from "../../lib/clerk";
import { type Key, t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Button } from "../../ui/button";
import { useTitle } from "../../ui/page";
import { Failed } from "../../ui/states";
import { toast } from "../../ui/toast";
import "./checkout.css";
import { Lantern } from "./lantern";
import { Order } from "./order";
import { useOrderId } from "./order-id";
import { type CheckoutState, useCheckout } from "./use-checkout";

/** Where a buyer is who has not paid: nothing is lost, and each way is open. */
export default function Cancel() {
	const order = useOrderId();
	const { state, again } = useCheckout(order);
	const [title, text] = said(state);
	useTitle(t("cancel.title"));
	return (
		<div class="page checkout">
			<Lantern lit={false} />
			<div class="checkout-body">
				<h1>{t(title)}</h1>
				<p class="lead" role="status">
					{t(text)}
				</p>
				{state.is === "failed" && <Failed message={state.message} again={again} />}
				{state.is === "ready" && <Order checkout={state.checkout} />}
				<div class="row checkout-ways">
					<Ways state={state} order={order} again={again} />
				</div>
			</div>
		</div>
	);
}

function said(state: CheckoutState): [Key, Key] {
	if (state.is === "unknown") return ["success.unknown", "success.unknown.text"];
	if (state.is !== "ready") return ["cancel.title", "cancel.text"];
	switch (state.checkout.status) {
		case "pending_payment":
			if (state.standing === "processing") return ["success.processing", "success.processing.text"];
			return ["cancel.title", "cancel.text"];
		case "canceled":
			return ["success.canceled", "success.canceled.text"];
		case "refunded":
			return ["success.refunded", "success.refunded.text"];
		case "draft":
			return ["success.notPlaced", "success.notPlaced.text"];
		default:
			return ["success.paid", "cancel.paid.text"];
	}
}

type WaysProps = { state: CheckoutState; order: string; again: () => void };

function Ways({ state, order, again }: WaysProps) {
	const signedIn = session.value.is === "in";
	if (state.is !== "ready") return <Back />;
	const { status, checkout_url } = state.checkout;
	if (status === "paid" || status === "fulfilled")
		return (
			<a class="button primary" href={paths.success(order)}>
				{t("cancel.see")}
			</a>
		);
	return (
		<>
			{checkout_url && state.standing !== "processing" && (
				<a class="button primary" href={checkout_url}>
					{t("cancel.pay")}
				</a>
			)}
			{signedIn ? <BackToProduct order={order} /> : <Back />}
			{signedIn && checkout_url && state.standing !== "processing" && <GiveUp order={order} done={again} />}
		</>
	);
}

function Back({ slug }: { slug?: string | undefined }) {
	return (
		<a class="button" href={slug ? paths.product(slug) : paths.products()}>
			{slug ? t("cancel.back") : t("success.more")}
		</a>
	);
}

/** Whose order it is comes back to what was to be bought; anybody else, to all that is sold. */
function BackToProduct({ order }: { order: string }) {
	const { state } = useResource(`order ${order}`, (signal) =>
		body(api.GET("/api/account/orders/{public_id}/", { params: { path: { public_id: order } }, signal })),
	);
	return <Back slug={state.is === "ready" ? state.data.items[0]?.product_slug : undefined} />;
}

function GiveUp({ order, done }: { order: string; done: () => void }) {
	const { busy, cancel } = useCancelOrder(order, {
		done: () => toast(t("cancel.done")),
		failed: (why) => toast(why, { bad: true }),
		after: done,
	});
	return (
		<Button kind="danger" busy={busy} onClick={cancel}>
			{t("cancel.giveUp")}
		</Button>
	);
}
