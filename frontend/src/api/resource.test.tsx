import { cleanup, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";

document.body.innerHTML = `<script type="application/json" id="souk-preload">{"written": "by the server"}</script>`;
const { useResource } = await import("./resource");

afterEach(cleanup);

function Thing({ name, fetch }: { name: string; fetch: () => Promise<string> }) {
	const { state } = useResource(name, fetch);
	return <p>{state.is === "ready" ? state.data : state.is}</p>;
}

it("shows what came with the page at once, asks again when the window is looked at, and when it is shown again", async () => {
	const fetch = vi.fn(async () => "by the API");
	const { unmount } = render(<Thing name="written" fetch={fetch} />);
	screen.getByText("by the server");
	expect(fetch).not.toHaveBeenCalled();
	window.dispatchEvent(new Event("focus"));
	await screen.findByText("by the API");
	expect(fetch).toHaveBeenCalledTimes(1);
	unmount();
	render(<Thing name="written" fetch={fetch} />);
	screen.getByText("by the API");
	expect(fetch).toHaveBeenCalledTimes(2);
});

it("asks for what did not come with the page", async () => {
	render(<Thing name="unwritten" fetch={async () => "by the API"} />);
	screen.getByText("loading");
	await screen.findByText("by the API");
});
