/** A part of a description. */
export type Block = { is: "text"; text: string } | { is: "list"; ordered: boolean; items: string[] };

const bullet = /^\s*[-*•]\s+(.+)$/;
const number = /^\s*\d{1,3}[.)]\s+(.+)$/;

/** The paragraphs of a plain text, parted by empty lines, and the lists in it: lines that begin with a dash, or with numbers. */
export function readDescription(text: string): Block[] {
	return text
		.replace(/\r\n?/g, "\n")
		.split(/\n\s*\n/)
		.flatMap((paragraph) => readParagraph(paragraph.split("\n").filter((line) => line.trim() !== "")));
}

function readParagraph(lines: string[]): Block[] {
	const blocks: Block[] = [];
	for (const line of lines) {
		const ordered = number.test(line);
		const item = line.match(ordered ? number : bullet)?.[1];
		const last = blocks.at(-1);
		if (item !== undefined) {
			if (last?.is === "list" && last.ordered === ordered) last.items.push(item.trim());
			else blocks.push({ is: "list", ordered, items: [item.trim()] });
		} else if (last?.is === "text") {
			last.text += `\n${line.trim()}`;
		} else {
			blocks.push({ is: "text", text: line.trim() });
		}
	}
	return blocks;
}
