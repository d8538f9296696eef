import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type Props = {
	label: string;
	/** Said below the field. */
	hint?: string | undefined;
	/** What is wrong with what is in it. */
	error?: string | undefined;
	/** The control, with what makes it this field's. */
	children: (control: {
		id: string;
		"aria-describedby": string | undefined;
		"aria-invalid": boolean;
	}) => ComponentChildren;
};

/** A labelled control with its hint and its error. */
export function Field({ label, hint, error, children }: Props) {
	const id = useId();
	const said = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
	return (
		<div class="field">
			<label for={id}>{label}</label>
			{children({ id, "aria-describedby": said || undefined, "aria-invalid": error !== undefined })}
			{hint && (
				<p id={`${id}-hint`} class="hint">
					{hint}
				</p>
			)}
			{error && (
				<p id={`${id}-error`} class="error" role="alert">
					{error}
				</p>
			)}
		</div>
	);
}
