import createClient from "openapi-fetch";
import { getToken, signInAgain } from "../lib/clerk";
import { config } from "../lib/page";
import type { paths } from "./__generated__/schema";
import { toProblem } from "./problem";

/** What everybody may see; all else is asked for with a token. */
const open = /^\/api\/(products|checkout|health)\//;

/** The shop's API, as internal/api/openapi.json describes it. Give what it returns to `body` or `answer`. */
export const api = createClient<paths>({
	baseUrl: config.api || location.origin,
	credentials: "omit",
	headers: { Accept: "application/json" },
	fetch: async (request) => {
		if (open.test(new URL(request.url).pathname)) return fetch(request);
		const again = request.clone();
		const first = await fetch(withToken(request, await getToken()));
		if (first.status !== 401) return first;
		// The token may have run out on its way; a fresh one that is refused, too, is of a session that has ended.
		const second = await fetch(withToken(again, await getToken({ fresh: true })));
		if (second.status === 401) signInAgain();
		return second;
	},
});

function withToken(request: Request, token: string | null): Request {
	if (token) request.headers.set("Authorization", `Bearer ${token}`);
	return request;
}

type Call<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** What the API answers, and the cursor of the next page of a list when there is one. */
export type Answer<T> = { body: T; next?: string };

/** The answer of a call, or throws the Problem. */
export async function answer<T>(call: Call<T>): Promise<Answer<T>> {
	const { data, error, response } = await call;
	if (!response.ok) throw toProblem(response.status, error);
	const link = response.headers.get("Link")?.match(/<([^>]*)>;\s*rel="next"/)?.[1];
	const next = link && new URL(link, location.origin).searchParams.get("cursor");
	return { body: data as T, ...(next && { next }) };
}

/** The body of a call's answer, or throws the Problem. */
export async function body<T>(call: Call<T>): Promise<T> {
	return (await answer(call)).body;
}
