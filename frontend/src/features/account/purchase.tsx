import { useRoute } from "preact-iso";
import { api, body } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Purchase as Order } from "../../api/types";
import { useCancelOrder } from "../../api/use-cancel-order";
import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Show } from "../../ui/states";
import { toast } from "../../ui/toast";
import { Rows } from "./account-list";
import { AccountPage } from "./account-page";
import { orderState } from "./order-state";
import { Receipt } from "./receipt";
import { History, Refunds } from "./timeline";

/** One order: its receipt, what happened to it, and what can be done. */
export default function Purchase() {
	return (
		<AccountPage title={t("purchase.title")}>
			<One id={useRoute().params["id"] ?? ""} />
		</AccountPage>
	);
}

function One({ id }: { id: string }) {
	const path = { public_id: id };
	const order = useResource(`/api/account/orders/${id}/`, (signal) =>
		body(api.GET("/api/account/orders/{public_id}/", { params: { path }, signal })),
	);
	return (
		<Show of={order} skeleton={<Rows />}>
			{(data) => (
				<>
					<p class="row">
						<Badge tone={orderState(data).tone}>{orderState(data).text}</Badge>
					</p>
					<Receipt order={data} />
					<Ways order={data} changed={order.again} />
					<Refunds order={data} />
					<History order={data} />
				</>
			)}
		</Show>
	);
}

type WaysProps = { order: Order; changed: () => void };

/** What can be done with the order as it stands. */
function Ways({ order, changed }: WaysProps) {
	const open = order.status === "pending_payment" || order.status === "draft";
	const settled = order.status === "paid" || order.status === "fulfilled";
	return (
		<p class="row no-print">
			{open && order.checkout_url && (
				<a class="button primary" href={order.checkout_url}>
					{t("purchase.pay")}
				</a>
			)}
			{settled && order.items.some((item) => item.product_type === "digital") && (
				<a class="button primary" href={paths.downloads()}>
					{t("downloads.title")}
				</a>
			)}
			{settled && order.items.some((item) => item.product_type === "service") && (
				<a class="button primary" href={paths.bookings()}>
					{t("bookings.title")}
				</a>
			)}
			{open && <GiveUp id={order.public_id} changed={changed} />}
			{order.paid_at && (
				<Button onClick={() => print()}>
					<Icon name="print" />
					{t("purchase.print")}
				</Button>
			)}
		</p>
	);
}

function GiveUp({ id, changed }: { id: string; changed: () => void }) {
	const { busy, cancel } = useCancelOrder(id, {
		done: () => toast(t("purchase.canceled")),
		failed: (why) => toast(why, { bad: true }),
		after: changed,
	});
	return (
		<Button kind="danger" busy={busy} onClick={cancel}>
			{t("purchase.cancel")}
		</Button>
	);
}
