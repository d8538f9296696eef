import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, body } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Entitlement, Subscription } from "../../api/types";
import { formatDate } from "../../lib/dates";
import { has, locale, t } from "../../lib/i18n";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Art } from "../../ui/art";
import { Badge } from "../../ui/badge";
import { Price } from "../../ui/price";
import { Empty, Show } from "../../ui/states";
import { SubscriptionButton } from "../../ui/subscription-button";
import { Rows } from "./account-list";
import { AccountPage } from "./account-page";

export default function Subscriptions() {
	return (
		<AccountPage title={t("subscriptions.title")}>
			<Held />
		</AccountPage>
	);
}

const fetchHeld = async (signal: AbortSignal) => {
	const [subscriptions, entitlements] = await Promise.all([
		body(api.GET("/api/account/subscriptions/", { signal })),
		body(api.GET("/api/account/entitlements/", { signal })),
	]);
	return { subscriptions, entitlements };
};

/** How often, and how many times, it is asked for a plan that was taken or canceled a moment ago: Clerk tells the shop after the buyer. */
const wait = 700;
const waits = 15;

function Held() {
	const held = useResource("subscriptions", fetchHeld);
	const { again } = held;
	const [changes, setChanges] = useState("taken" in useLocation().query ? 1 : 0);
	useEffect(() => {
		if (changes === 0) return;
		let left = waits;
		const timer = setInterval(() => (left-- > 0 ? again() : clearInterval(timer)), wait);
		return () => clearInterval(timer);
	}, [changes, again]);
	return (
		<Show of={held} skeleton={<Rows />}>
			{({ subscriptions, entitlements }) => (
				<>
					{subscriptions.length === 0 ? (
						<Empty art={<Art name="stall" />} title={t("subscriptions.none")}>
							<a class="button primary" href={paths.pricing()}>
								{t("subscriptions.see")}
							</a>
						</Empty>
					) : (
						<ul class="list cards">
							{subscriptions.map((subscription) => (
								<li key={subscription.id}>
									<Card subscription={subscription} />
								</li>
							))}
						</ul>
					)}
					{subscriptions.some(({ clerk_subscription_id }) => clerk_subscription_id) && (
						<p class="row">
							<SubscriptionButton canceled={() => setChanges(changes + 1)}>
								{t("subscriptions.change")}
							</SubscriptionButton>
							<a class="button" href={config.portal || `${paths.profile()}/billing`}>
								{t("subscriptions.manage")}
							</a>
						</p>
					)}
					<h2>{t("subscriptions.may")}</h2>
					{entitlements.length === 0 ? <p>{t("subscriptions.nothing")}</p> : <Entitlements list={entitlements} />}
				</>
			)}
		</Show>
	);
}

function Card({ subscription }: { subscription: Subscription }) {
	const { product_name, price_summary, status, current_period_end, cancel_at_period_end } = subscription;
	const ended = status === "canceled" && !cancel_at_period_end;
	const next = `state.next.${status}`;
	const then = cancel_at_period_end ? "subscriptions.ends" : has(next) ? next : undefined;
	return (
		<article class="card">
			<h2>{product_name}</h2>
			<p>
				<Badge tone={tones[status] ?? "quiet"}>
					{ended ? t("subscriptions.ended") : t(`state.subscription.${status}`)}
				</Badge>
			</p>
			{price_summary && (
				<p>
					<Price of={price_summary} /> <span class="quiet">· {price_summary.name}</span>
				</p>
			)}
			{current_period_end && then && <p>{t(then, { date: formatDate(current_period_end) })}</p>}
		</article>
	);
}

const tones = {
	trialing: "good",
	active: "good",
	past_due: "bad",
	canceled: "warn",
	incomplete: "warn",
	paused: "warn",
} as const;

function Entitlements({ list }: { list: Entitlement[] }) {
	return (
		<ul>
			{list.map(({ id, feature_key, ends_at }) => {
				const feature = featureName(feature_key);
				return <li key={id}>{ends_at ? t("subscriptions.until", { feature, date: formatDate(ends_at) }) : feature}</li>;
			})}
		</ul>
	);
}

/** A feature's key, such as `founder_letters`, as a reader would write it: a feature has no other name. */
function featureName(key: string): string {
	const words = key.replace(/[_-]+/g, " ").trim();
	return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
}
