import type { ProductDetail } from "../../api/types";
import { t } from "../../lib/i18n";
import { Price } from "../../ui/price";

export type PriceOf = ProductDetail["prices"][number];

type Props = { prices: PriceOf[]; chosen: PriceOf; error: string | undefined; onChoose: (price: PriceOf) => void };

/** The prices of a product, one of which is chosen. */
export function PriceChoice({ prices, chosen, error, onChoose }: Props) {
	return (
		<fieldset class="product-prices" aria-describedby={error && "product-price-error"}>
			<legend>{t("product.price")}</legend>
			{prices.map((price) => (
				<label key={price.id}>
					<input type="radio" name="price" checked={price.id === chosen.id} onChange={() => onChoose(price)} />
					<span>{price.name}</span>
					<Price of={price} />
				</label>
			))}
			{error && (
				<p id="product-price-error" class="error" role="alert">
					{error}
				</p>
			)}
		</fieldset>
	);
}
