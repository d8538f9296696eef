import { answer, api, body } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Me } from "../../api/types";
import { formatDate } from "../../lib/dates";
import { formatNumber, t, tn } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { Art } from "../../ui/art";
import { Empty, Show } from "../../ui/states";
import { Rows } from "./account-list";
import { AccountPage } from "./account-page";
import { type FetchPage, fetchListed } from "./listed";
import { type Held, needs, nextSession } from "./needs";
import { When } from "./when";

/** What the signed-in user owns, what is next, and what needs them. */
export default function Dashboard() {
	return (
		<AccountPage title={t("account.title")}>
			<Overview />
		</AccountPage>
	);
}

/** How many things of a sort are looked at. */
const most = 1000;

type All = { me: Me; held: Held; more: Record<keyof Held, boolean> };

const fetchAll = async (signal: AbortSignal): Promise<All> => {
	const whole = <T,>(fetch: FetchPage<T>) => fetchListed(fetch, most, 200);
	const [me, orders, subscriptions, downloads, bookings] = await Promise.all([
		body(api.GET("/api/me/", { signal })),
		whole((query) => answer(api.GET("/api/account/orders/", { params: { query }, signal }))),
		whole((query) => answer(api.GET("/api/account/subscriptions/", { params: { query }, signal }))),
		whole((query) => answer(api.GET("/api/account/downloads/", { params: { query }, signal }))),
		whole((query) => answer(api.GET("/api/account/bookings/", { params: { query }, signal }))),
	]);
	return {
		me,
		held: {
			orders: orders.items,
			subscriptions: subscriptions.items,
			downloads: downloads.items,
			bookings: bookings.items,
		},
		more: {
			orders: !!orders.next,
			subscriptions: !!subscriptions.next,
			downloads: !!downloads.next,
			bookings: !!bookings.next,
		},
	};
};

function Overview() {
	const all = useResource("account overview", fetchAll);
	return (
		<Show of={all} skeleton={<Rows />}>
			{({ me, held, more }) => (
				<>
					<p class="lead">{greeting(me)}</p>
					<Needs held={held} />
					<Next held={held} />
					<Owned held={held} more={more} />
				</>
			)}
		</Show>
	);
}

function greeting({ email, profile }: Me): string {
	const name = profile.first_name || email;
	return name ? t("account.hello", { name }) : t("account.hello.nobody");
}

function Needs({ held }: { held: Held }) {
	const list = needs(held);
	if (list.length === 0) return null;
	return (
		<section class="account-section notice" aria-labelledby="needs">
			<h2 id="needs">{t("account.needs")}</h2>
			<ul class="list account-needs">
				{list.map(({ text, to, action }) => (
					<li key={text}>
						<span>{text}</span>
						<a href={to}>{action}</a>
					</li>
				))}
			</ul>
		</section>
	);
}

function Next({ held: { bookings, subscriptions } }: { held: Held }) {
	const session = nextSession(bookings);
	const renewals = subscriptions.filter(({ status, current_period_end }) => status === "active" && current_period_end);
	if (!session && renewals.length === 0) return null;
	return (
		<section class="account-section">
			<h2>{t("account.next")}</h2>
			<ul>
				{session?.scheduled_start && (
					<li>
						<a href={paths.bookings()}>{session.product_name}</a>:{" "}
						<When start={session.scheduled_start} zone={session.timezone} />
					</li>
				)}
				{renewals.map(({ id, product_name, current_period_end, cancel_at_period_end }) => (
					<li key={id}>
						<a href={paths.subscriptions()}>{product_name}</a>:{" "}
						{t(cancel_at_period_end ? "subscriptions.ends" : "state.next.active", {
							date: formatDate(current_period_end ?? ""),
						})}
					</li>
				))}
			</ul>
		</section>
	);
}

function Owned({ held: { orders, subscriptions, downloads, bookings }, more }: Omit<All, "me">) {
	if (orders.length + subscriptions.length + bookings.length === 0)
		return (
			<Empty art={<Art name="stall" />} title={t("account.nothing")}>
				<p>{t("account.nothing.text")}</p>
				<a class="button primary" href={paths.products()}>
					{t("account.browse")}
				</a>
			</Empty>
		);
	const live = subscriptions.filter(({ status }) => status !== "canceled").length;
	const files = downloads.filter(({ can_download }) => can_download).length;
	const sessions = bookings.filter(({ status }) => status === "requested" || status === "confirmed").length;
	return (
		<section class="account-section" aria-label={t("account.yours")}>
			<ul class="list account-tiles">
				<Tile n={files} more={more.downloads} text={tn("account.files", files)} to={paths.downloads()} />
				<Tile n={live} more={more.subscriptions} text={tn("account.plans", live)} to={paths.subscriptions()} />
				<Tile n={sessions} more={more.bookings} text={tn("account.sessions", sessions)} to={paths.bookings()} />
				<Tile n={orders.length} more={more.orders} text={tn("account.orders", orders.length)} to={paths.purchases()} />
			</ul>
		</section>
	);
}

function Tile({ n, more, text, to }: { n: number; more: boolean; text: string; to: string }) {
	return (
		<li>
			<a class="card" href={to}>
				<strong>
					{formatNumber(n)}
					{more && "+"}
				</strong>
				{text}
			</a>
		</li>
	);
}
