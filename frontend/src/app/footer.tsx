import { type Language, language, languages, setLanguage, t } from "../lib/i18n";
import { config } from "../lib/page";
import { setTheme, type Theme, theme } from "../lib/theme";
import { Field } from "../ui/field";

export function Footer() {
	return (
		<footer class="shell-footer">
			<div>
				<div class="row">
					<Field label={t("shell.language")}>
						{(control) => (
							<select
								{...control}
								value={language}
								onChange={(event) => setLanguage(event.currentTarget.value as Language)}
							>
								{Object.entries(languages).map(([tag, name]) => (
									<option key={tag} value={tag} lang={tag}>
										{name}
									</option>
								))}
							</select>
						)}
					</Field>
					<Field label={t("shell.theme")}>
						{(control) => (
							<select
								{...control}
								value={theme.value}
								onChange={(event) => setTheme(event.currentTarget.value as Theme)}
							>
								<option value="system">{t("shell.theme.system")}</option>
								<option value="light">{t("shell.theme.light")}</option>
								<option value="dark">{t("shell.theme.dark")}</option>
							</select>
						)}
					</Field>
				</div>
				{config.tools.length > 0 && (
					<nav aria-label={t("shell.development")}>
						{config.tools.map(({ name, path }) => (
							<a key={path} href={path}>
								{name}
							</a>
						))}
					</nav>
				)}
				<span class="quiet">{t("shell.sells", { shop: config.shop })}</span>
			</div>
		</footer>
	);
}
