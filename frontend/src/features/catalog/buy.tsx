import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { ProductDetail } from "../../api/types";
import { session } from "../../lib/clerk";
import { t } from "../../lib/i18n";
import { formatCents } from "../../lib/money";
import { config } from "../../lib/page";
import { paths } from "../../lib/paths";
import { Button } from "../../ui/button";
import { Price } from "../../ui/price";
import { buyBlocked, buyLabel, type Choice, choicePath, most, readChoice, readQuantity, total } from "./choice";
import { PriceChoice, type PriceOf } from "./price-choice";
import { Quantity } from "./quantity";
import { type Refusal, useOrder } from "./use-order";

type Props = { product: ProductDetail; again: () => void };

/** Chooses a price and how many of it, and buys them. */
export function Buy({ product, again }: Props) {
	const { slug, prices, active_price } = product;
	const { query, route } = useLocation();
	const choice = readChoice(query, prices, active_price);
	const { order, busy, refusal, forget } = useOrder(slug);
	const signInWorks = config.clerk.publishableKey !== "";
	const why = buyBlocked({ choice, signInWorks, refused: refusal?.code });
	if (!choice)
		return (
			<div class="card product-buy">
				<Button kind="primary" why={why}>
					{t("product.buy")}
				</Button>
			</div>
		);
	const choose = (to: Choice) => {
		forget();
		route(choicePath(slug, to), true);
	};
	return (
		<form
			class="card product-buy"
			noValidate
			onSubmit={(event) => {
				event.preventDefault();
				if (readQuantity(quantityField(event.currentTarget)?.value ?? "1", choice.price)) order(choice);
				else quantityField(event.currentTarget)?.focus();
			}}
		>
			<Chosen product={product} choice={choice} refusal={refusal} onChoose={choose} />
			{refusal && !why && <Refused refusal={refusal} again={again} />}
			<Button type="submit" kind="primary" class="wide" busy={busy} why={why}>
				{t(buyLabel(choice))}
			</Button>
			<p class="hint">{hint(choice)}</p>
		</form>
	);
}

const quantityField = (form: HTMLFormElement) => form.querySelector<HTMLInputElement>("[name=quantity]");

type ChosenProps = {
	product: ProductDetail;
	choice: Choice<PriceOf>;
	refusal: Refusal | undefined;
	onChoose: (choice: Choice) => void;
};

function Chosen({ product: { prices }, choice, refusal, onChoose }: ChosenProps) {
	const { price } = choice;
	const [text, setText] = useState(String(choice.quantity));
	const value = readQuantity(text, price);
	const limit = most(price);
	const wrong = value === undefined ? t("product.quantity.wrong", { most: limit }) : refusal?.fields["quantity"];
	const several = price.billing_period === "one_time" && price.amount_cents > 0 && limit > 1;
	const choosePrice = (to: PriceOf) => {
		const quantity = readQuantity(text, to) ?? 1;
		setText(String(quantity));
		onChoose({ price: to, quantity });
	};
	return (
		<>
			{prices.length > 1 ? (
				<PriceChoice prices={prices} chosen={price} error={refusal?.fields["price_id"]} onChoose={choosePrice} />
			) : (
				<p class="product-price">
					<Price of={price} />
				</p>
			)}
			{several && (
				<div class="product-sum">
					<Quantity
						text={text}
						value={value}
						most={limit}
						error={wrong}
						onChange={(typed) => {
							setText(typed);
							const quantity = readQuantity(typed, price);
							if (quantity !== undefined) onChoose({ price, quantity });
						}}
					/>
					<p class="product-total">
						<span class="quiet">{t("product.total")}</span>
						<output>
							{value === undefined ? "–" : formatCents(total({ price, quantity: value }), price.currency)}
						</output>
					</p>
				</div>
			)}
		</>
	);
}

function Refused({ refusal, again }: { refusal: Refusal; again: () => void }) {
	if (refusal.fields["quantity"] || refusal.fields["price_id"]) return null;
	return (
		<div role="alert" class="notice bad">
			<p>{refusal.message}</p>
			{refusal.code === "already_subscribed" && <a href={paths.subscriptions()}>{t("product.subscriptions")}</a>}
			{refusal.status === 404 && <Button onClick={again}>{t("product.look")}</Button>}
		</div>
	);
}

/** What comes after the button. */
function hint({ price }: Choice): string {
	if (session.value.is === "out") return t("product.hint.signIn");
	if (price.amount_cents === 0) return t("product.hint.free");
	return price.billing_period === "one_time" ? t("product.hint.pay") : t("product.hint.plan");
}
