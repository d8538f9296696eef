import { t } from "../../lib/i18n";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";

type Props = {
	/** As typed. */
	text: string;
	/** What the text says, when it can be so many. */
	value: number | undefined;
	most: number;
	error: string | undefined;
	onChange: (text: string) => void;
};

/** How many, to be typed or stepped. */
export function Quantity({ text, value, most, error, onChange }: Props) {
	const step = (by: number) => onChange(String(Math.min(most, Math.max(1, (value ?? 1) + by))));
	return (
		<Field label={t("product.quantity")} error={error}>
			{(control) => (
				<div class="product-quantity">
					<button
						type="button"
						class="bare"
						aria-label={t("product.less")}
						disabled={value === 1}
						onClick={() => step(-1)}
					>
						<Icon name="minus" />
					</button>
					<input
						{...control}
						name="quantity"
						inputMode="numeric"
						autocomplete="off"
						maxLength={4}
						value={text}
						onInput={(event) => onChange(event.currentTarget.value)}
						onKeyDown={(event) => {
							if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
							event.preventDefault();
							step(event.key === "ArrowUp" ? 1 : -1);
						}}
					/>
					<button
						type="button"
						class="bare"
						aria-label={t("product.more")}
						disabled={value === most}
						onClick={() => step(1)}
					>
						<Icon name="plus" />
					</button>
				</div>
			)}
		</Field>
	);
}
