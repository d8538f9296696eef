/**
 * Notes what somebody typed and chose in what the server drew. What it gives is called when the scripts have drawn the same elements
 * as they know them: it types and chooses once more, and the scripts hear of it.
 */
export function noteEarly(root: Element): () => Promise<void> {
	const controls = [...root.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")].filter(isChanged);
	const again = controls.map((control) => {
		if (control instanceof HTMLSelectElement) {
			const { selectedIndex } = control;
			return () => {
				control.selectedIndex = selectedIndex;
				control.dispatchEvent(new Event("change", { bubbles: true }));
			};
		}
		if (control.type === "radio") return () => control.click();
		const { value } = control;
		return () => {
			control.value = value;
			control.dispatchEvent(new Event("input", { bubbles: true }));
		};
	});
	return async () => {
		for (const act of again) {
			act();
			await new Promise((drawn) => setTimeout(drawn)); // what comes next counts from what this has changed
		}
	};
}

function isChanged(control: HTMLInputElement | HTMLSelectElement): boolean {
	if (control instanceof HTMLSelectElement) {
		const written = [...control.options].find((option) => option.defaultSelected) ?? control.options[0];
		return control.value !== written?.value;
	}
	return control.type === "radio" ? control.checked && !control.defaultChecked : control.value !== control.defaultValue;
}
