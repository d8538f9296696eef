import { t } from "../../lib/i18n";
import { readDescription } from "./description";

/** A seller's plain text, as text: nothing in it becomes HTML. */
export function Description({ text }: { text: string }) {
	const blocks = readDescription(text);
	if (blocks.length === 0) return null;
	return (
		<section class="product-description" aria-labelledby="product-about">
			<h2 id="product-about">{t("product.about")}</h2>
			{blocks.map((block, i) => {
				if (block.is === "text") return <p key={i}>{block.text}</p>;
				const List = block.ordered ? "ol" : "ul";
				return (
					<List key={i}>
						{block.items.map((item, j) => (
							<li key={j}>{item}</li>
						))}
					</List>
				);
			})}
		</section>
	);
}
