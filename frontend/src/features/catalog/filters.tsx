import { type Key, t } from "../../lib/i18n";
import { Field } from "../../ui/field";
import type { CatalogQuery } from "./catalog-query";
import { SearchField } from "./search-field";

const types: [CatalogQuery["product_type"], Key][] = [
	[undefined, "catalog.type.all"],
	["digital", "catalog.type.digital"],
	["service", "catalog.type.service"],
];

const orders: [NonNullable<CatalogQuery["ordering"]> | "", Key][] = [
	["", "catalog.order.newest"],
	["name", "catalog.order.name"],
	["price", "catalog.order.price"],
	["-price", "catalog.order.priceDown"],
];

/** A change of what is asked for; what is undefined is asked for no more. */
type Change = { [K in keyof CatalogQuery]?: CatalogQuery[K] | undefined };

type Props = { query: CatalogQuery; onChange: (change: Change, replace: boolean) => void };

/** Narrows and orders the list. Each change is in the page's address at once. */
export function Filters({ query, onChange }: Props) {
	return (
		<search class="catalog-filters">
			<SearchField value={query.search ?? ""} onSearch={(text) => onChange({ search: text || undefined }, true)} />
			<fieldset class="catalog-types">
				<legend class="sr-only">{t("catalog.type")}</legend>
				{types.map(([type, label]) => (
					<label key={label}>
						<input
							type="radio"
							name="product_type"
							class="sr-only"
							checked={query.product_type === type}
							onChange={() => onChange({ product_type: type }, false)}
						/>
						<span>{t(label)}</span>
					</label>
				))}
			</fieldset>
			<Field label={t("catalog.order")}>
				{(control) => (
					<select
						{...control}
						value={query.ordering ?? ""}
						onChange={(event) => {
							const chosen = orders.find(([value]) => value === event.currentTarget.value);
							onChange({ ordering: chosen?.[0] || undefined }, false);
						}}
					>
						{orders.map(([value, label]) => (
							<option key={value} value={value}>
								{t(label)}
							</option>
						))}
					</select>
				)}
			</Field>
		</search>
	);
}
