/** The most bytes of a file that are fetched into memory to show how far it is; the browser loads larger ones by itself. */
export const watched = 200 * 1000 * 1000;

/**
 * Gets a file and hands it to the reader, telling how many bytes have come. Throws when the way is not open to scripts. Who closes the
 * page meanwhile is asked first: the file would be lost, and is counted.
 */
export async function saveFile(address: string, name: string, progress: (bytes: number) => void) {
	const ask = (event: BeforeUnloadEvent) => event.preventDefault();
	window.addEventListener("beforeunload", ask);
	try {
		const answer = await fetch(address, { credentials: "omit" });
		if (!answer.ok || !answer.body) throw new Error(`the file: ${answer.status}`);
		let bytes = 0;
		const counted = answer.body.pipeThrough(
			new TransformStream<Uint8Array, Uint8Array>({
				transform(part, out) {
					bytes += part.byteLength;
					progress(bytes);
					out.enqueue(part);
				},
			}),
		);
		const file = await new Response(counted).blob();
		hand(URL.createObjectURL(file), nameOf(answer.headers.get("Content-Disposition")) ?? name);
	} finally {
		window.removeEventListener("beforeunload", ask);
	}
}

/** Has the browser load an address as a file. */
export function hand(address: string, name: string) {
	const link = document.createElement("a");
	link.href = address;
	link.download = name;
	document.body.append(link);
	link.click();
	link.remove();
	if (address.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** The file's name in a Content-Disposition header (RFC 6266), where scripts may read it. */
export function nameOf(header: string | null): string | undefined {
	const encoded = header?.match(/filename\*=UTF-8''([^;]+)/i)?.[1];
	if (encoded) return decodeURIComponent(encoded);
	return header?.match(/filename="([^"]+)"/i)?.[1];
}
