import { getToken } from "../lib/clerk";
import { config } from "../lib/page";
import type { paths } from "./__generated__/schema";
import { toProblem } from "./problem";

/** What a GET of a path answers. */
type Answer<P extends keyof paths> = paths[P] extends {
	get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
	? Body
	: never;

/** Gets what everybody may see. */
export const getPublic = <P extends keyof paths>(path: P, signal: AbortSignal) => get(path, signal, null);

/** Gets what the signed-in user may see. */
export const getMine = async <P extends keyof paths>(path: P, signal: AbortSignal) =>
	get(path, signal, await getToken());

async function get<P extends keyof paths>(path: P, signal: AbortSignal, token: string | null): Promise<Answer<P>> {
	const headers = new Headers({ Accept: "application/json" });
	if (token) headers.set("Authorization", `Bearer ${token}`);
	const answer = await fetch(config.api + path, { headers, signal, credentials: "omit" });
	if (!answer.ok) throw await toProblem(answer);
	return answer.json();
}
