/** Why a call to the API did not work, in words that can be shown. */
export class Problem extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

/** The problem that an answer tells of (RFC 9457), or one for an answer that tells nothing. */
export async function toProblem(answer: Response): Promise<Problem> {
	const body: unknown = await answer.json().catch(() => null);
	const detail = typeof body === "object" && body !== null && "detail" in body ? body.detail : null;
	return new Problem(answer.status, typeof detail === "string" ? detail : "The shop gave no usable answer.");
}

/** What to show of an error, whatever it is. */
export function messageOf(error: unknown): string {
	if (error instanceof Problem) return error.message;
	return "The shop cannot be reached. Please check your connection.";
}
