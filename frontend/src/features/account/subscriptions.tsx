import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { getMine } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Entitlement, Subscription } from "../../api/types";
import { formatDate } from "../../lib/dates";
import { formatMoney } from "../../lib/money";
import { paths } from "../../lib/paths";
import { Page } from "../../ui/page";
import { Show } from "../../ui/remote";
import { SignedIn } from "./signed-in";

export default function Subscriptions() {
	return (
		<Page title="Your subscriptions">
			<SignedIn>
				<Held />
			</SignedIn>
		</Page>
	);
}

const fetchHeld = async (signal: AbortSignal) => {
	const [subscriptions, entitlements] = await Promise.all([
		getMine("/api/account/subscriptions/", signal),
		getMine("/api/account/entitlements/", signal),
	]);
	return { subscriptions, entitlements };
};

/** How often, and how many times, it is asked for a plan that was taken a moment ago: Clerk tells the shop after the buyer. */
const wait = 700;
const waits = 15;

function Held() {
	const held = useResource(fetchHeld);
	const { again } = held;
	const taken = "taken" in useLocation().query;
	useEffect(() => {
		if (!taken) return;
		let left = waits;
		const timer = setInterval(() => (left-- > 0 ? again() : clearInterval(timer)), wait);
		return () => clearInterval(timer);
	}, [taken, again]);
	return (
		<Show of={held}>
			{({ subscriptions, entitlements }) => (
				<>
					{subscriptions.length === 0 ? (
						<p>
							You have no subscription. <a href={paths.pricing()}>See the plans</a>.
						</p>
					) : (
						<ul class="cards">
							{subscriptions.map((subscription) => (
								<li key={subscription.id}>
									<Card subscription={subscription} />
								</li>
							))}
						</ul>
					)}
					<h2>What you may use</h2>
					{entitlements.length === 0 ? <p>Nothing yet.</p> : <Entitlements list={entitlements} />}
				</>
			)}
		</Show>
	);
}

function Card({ subscription }: { subscription: Subscription }) {
	const { product_name, price_summary, status, current_period_end, cancel_at_period_end } = subscription;
	const ended = status === "canceled" && !cancel_at_period_end;
	const then = cancel_at_period_end ? "Ends" : next[status];
	return (
		<article class="card">
			<h2>{product_name}</h2>
			<p>{ended ? "Ended" : statuses[status]}</p>
			{price_summary && (
				<p class="price">
					{formatMoney(price_summary)} <small>{price_summary.name}</small>
				</p>
			)}
			{current_period_end && then && (
				<p>
					{then} on {formatDate(current_period_end)}
				</p>
			)}
		</article>
	);
}

const statuses = {
	trialing: "On trial",
	active: "Active",
	past_due: "Payment overdue",
	canceled: "Canceled",
	incomplete: "Not begun yet",
	paused: "Paused",
};

/** What happens on the day when the period ends, of what is not canceled. */
const next: Partial<Record<Subscription["status"], string>> = {
	trialing: "First payment",
	active: "Renews",
	past_due: "Was due",
};

function Entitlements({ list }: { list: Entitlement[] }) {
	return (
		<ul>
			{list.map(({ id, feature_key, ends_at }) => (
				<li key={id}>
					<code>{feature_key}</code>
					{ends_at && ` until ${formatDate(ends_at)}`}
				</li>
			))}
		</ul>
	);
}
