import type { ComponentChildren, JSX } from "preact";
import { t } from "../lib/i18n";
import type { Resource } from "../lib/remote";
import { Button } from "./button";

type ShowProps<T> = {
	of: Resource<T>;
	/** What holds the place meanwhile: as high as what will be there, so that nothing moves. */
	skeleton?: ComponentChildren;
	children: (data: T) => ComponentChildren;
};

/** Shows what came, that it is on its way, or why it did not come. */
export function Show<T>({ of: { state, again }, skeleton, children }: ShowProps<T>) {
	switch (state.is) {
		case "loading":
			return <Loading>{skeleton}</Loading>;
		case "failed":
			return <Failed message={state.message} again={again} />;
		case "ready":
			return <>{children(state.data)}</>;
	}
}

export function Loading({ children }: { children?: ComponentChildren }) {
	return (
		<div aria-busy="true">
			<p role="status" class={children ? "sr-only" : "quiet"}>
				{t("ui.loading")}
			</p>
			{children}
		</div>
	);
}

/** What is not there, with what to do next. */
export function Empty({ title, art, children }: { title: string; art?: JSX.Element; children: ComponentChildren }) {
	return (
		<section class="empty">
			{art}
			<h2>{title}</h2>
			{children}
		</section>
	);
}

export function Failed({ message, again }: { message: string; again?: () => void }) {
	return (
		<div role="alert" class="notice bad">
			<p>{message}</p>
			{again && <Button onClick={again}>{t("ui.again")}</Button>}
		</div>
	);
}

/** The place of something that is on its way; its height is in rem. */
export function Skeleton({ height, width }: { height: number; width?: string }) {
	return <div class="skeleton" aria-hidden="true" style={{ height: `${height}rem`, width }} />;
}
