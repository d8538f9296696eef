import type { Purchase } from "../../api/types";
import { formatMoment } from "../../lib/dates";
import { has, t } from "../../lib/i18n";
import { formatCents } from "../../lib/money";
import { Badge } from "../../ui/badge";

/** What happened to the order, the oldest first. */
export function History({ order }: { order: Purchase }) {
	return (
		<section class="account-section">
			<h2>{t("purchase.history")}</h2>
			<ol class="list account-timeline">
				{order.timeline.map(({ kind, created_at }) => {
					const key = `state.event.${kind}`;
					return (
						<li key={`${kind} ${created_at}`}>
							{has(key) ? t(key) : kind} <span class="quiet">{formatMoment(created_at)}</span>
						</li>
					);
				})}
			</ol>
		</section>
	);
}

const tones = { requested: "warn", pending: "warn", succeeded: "good", failed: "bad", canceled: "quiet" } as const;

/** What goes back, or went back already. */
export function Refunds({ order }: { order: Purchase }) {
	if (order.refunds.length === 0) return null;
	return (
		<section class="account-section">
			<h2>{t("purchase.refunds")}</h2>
			<ul class="list account-list">
				{order.refunds.map(({ status, amount_cents, currency, reason, created_at }) => (
					<li key={created_at}>
						<div>
							<strong>{formatCents(amount_cents, currency)}</strong>
							<p class="quiet">
								{formatMoment(created_at)}
								{reason && ` · ${reason}`}
							</p>
						</div>
						<Badge tone={tones[status]}>{t(`state.refund.${status}`)}</Badge>
					</li>
				))}
			</ul>
		</section>
	);
}
