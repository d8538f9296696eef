import { config } from "../lib/page";

export function Footer() {
	return (
		<footer class="bar">
			<span>{config.shop}</span>
			{config.tools.length > 0 && (
				<nav aria-label="Development">
					{config.tools.map(({ name, path }) => (
						<a key={path} href={path}>
							{name}
						</a>
					))}
				</nav>
			)}
		</footer>
	);
}
