import { session, signInAddress } from "../../lib/clerk";
import { type Key, t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Button } from "../../ui/button";
import { useTitle } from "../../ui/page";
import { Failed } from "../../ui/states";
import "./checkout.css";
import { Got } from "./got";
import { Lantern } from "./lantern";
import { Order } from "./order";
import { useOrderId } from "./order-id";
import type { Standing } from "./standing";
import { type CheckoutState, useCheckout } from "./use-checkout";

/** Where a buyer is who has paid: it waits until the shop knows of the payment, and shows what it bought. */
export default function Success() {
	const order = useOrderId();
	const { state, again } = useCheckout(order);
	const [title, text] = said(state);
	useTitle(t("success.title"));
	return (
		<div class="page checkout">
			<Lantern lit={state.is === "ready" && state.standing === "paid"} />
			<div class="checkout-body">
				<h1>{t(title)}</h1>
				<p class="lead" role="status">
					{t(text)}
				</p>
				{state.is === "failed" && <Failed message={state.message} again={again} />}
				{state.is === "ready" && <Order checkout={state.checkout} />}
				{state.is === "ready" && state.standing === "paid" && <Mine order={order} />}
				<p class="row checkout-ways">
					<Ways state={state} order={order} again={again} />
				</p>
			</div>
		</div>
	);
}

const texts: Record<Standing, [Key, Key]> = {
	waiting: ["success.waiting", "success.waiting.text"],
	unsure: ["success.unsure", "success.unsure.text"],
	paid: ["success.paid", "success.paid.text"],
	processing: ["success.processing", "success.processing.text"],
	declined: ["success.declined", "success.declined.text"],
	byHand: ["success.byHand", "success.byHand.text"],
	notPlaced: ["success.notPlaced", "success.notPlaced.text"],
	canceled: ["success.canceled", "success.canceled.text"],
	refunded: ["success.refunded", "success.refunded.text"],
};

function said(state: CheckoutState): [Key, Key] {
	switch (state.is) {
		case "loading":
			return texts.waiting;
		case "unknown":
			return ["success.unknown", "success.unknown.text"];
		case "failed":
			return texts.unsure;
		case "ready":
			return texts[state.standing];
	}
}

/** What one got, for who is signed in; the way to it for all others. */
function Mine({ order }: { order: string }) {
	switch (session.value.is) {
		case "in":
			return <Got order={order} />;
		case "unknown":
			return null;
		case "out":
		case "failed":
			return (
				<p>
					{t("success.signIn")} <a href={signInAddress()}>{t("shell.signIn")}</a>
				</p>
			);
	}
}

type WaysProps = { state: CheckoutState; order: string; again: () => void };

/** Where to go from here. */
function Ways({ state, order, again }: WaysProps) {
	if (state.is === "loading" || state.is === "failed") return null;
	const products = (
		<a class="button" href={paths.products()}>
			{t("success.more")}
		</a>
	);
	const purchase = (
		<a class="button" href={paths.purchase(order)}>
			{t("success.purchase")}
		</a>
	);
	if (state.is === "unknown") return products;
	switch (state.standing) {
		case "waiting":
			return null;
		case "unsure":
			return (
				<Button kind="primary" onClick={again}>
					{t("success.again")}
				</Button>
			);
		case "declined":
			return (
				<a class="button primary" href={state.checkout.checkout_url}>
					{t("success.payAgain")}
				</a>
			);
		case "notPlaced":
		case "canceled":
			return products;
		default:
			return (
				<>
					{purchase}
					{products}
				</>
			);
	}
}
