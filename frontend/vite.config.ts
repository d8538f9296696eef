import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import preact from "@preact/preset-vite";
import { defineConfig, loadEnv, type Plugin, type ProxyOptions } from "vite";

// The program that has the API, and the origin that it takes for its own; both as its own settings say, when nothing else is said.
const said = loadEnv("development", import.meta.dirname, "VITE_API_BASE_URL")["VITE_API_BASE_URL"];
const settings = loadEnv("development", join(import.meta.dirname, ".."), ["LISTEN_ADDR", "PUBLIC_URL"]);
const address = (settings["LISTEN_ADDR"] || ":8000").replace(/^(0\.0\.0\.0|\[::\])?:/, "127.0.0.1:");
const shop = new URL(said || `http://${address}`).origin;
const home = settings["PUBLIC_URL"] && !said ? new URL(settings["PUBLIC_URL"]).origin : shop;

// With the dev server, the pages get the configuration that the program gives its own.
const configOfTheShop: Plugin = {
	name: "souk-config",
	apply: "serve",
	async transformIndexHtml(html) {
		const answer = await fetch(shop).catch(() => {
			throw new Error(`Nothing answers at ${shop}. START_SKIP_FRONTEND=true ./start.sh starts the shop without pages.`);
		});
		const element = (await answer.text()).match(/<script [^>]*id="souk-config">.*?<\/script>/s)?.[0];
		if (!element) return html;
		return html.replace("<!--data-->", () => element).replace('<html lang="en">', "<html>"); // nobody looked at the visitor's
	},
};

// The program serves what is compressed here, and compresses no script itself.
const compress: Plugin = {
	name: "souk-compress",
	apply: "build",
	writeBundle({ dir = "" }) {
		const folder = join(dir, "assets");
		for (const name of readdirSync(folder).filter((one) => /\.(js|css|svg)$/.test(one))) {
			const text = readFileSync(join(folder, name));
			writeFileSync(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
			writeFileSync(join(folder, `${name}.br`), brotliCompressSync(text));
		}
	},
};

// What the program answers besides its pages. Behind the dev server its own pages have another origin than the shop's, which the
// shop would not take; others keep theirs.
const theirs = "^/((api|covers|social|files|__(clerk|dev|mail|stripe))/|checkout/(?!(success|cancel)([?]|$)))";
const proxied: ProxyOptions = {
	target: shop,
	changeOrigin: true,
	configure(proxy) {
		proxy.on("proxyReq", (out, { headers }) => {
			if (headers.origin === `http://${headers.host}`) out.setHeader("origin", home);
		});
	},
};

export default defineConfig({
	plugins: [preact(), configOfTheShop, compress],
	build: {
		target: "es2023",
		emptyOutDir: false, // scripts/build.sh empties it, but for the file that keeps the folder
		assetsInlineLimit: 0, // a data: address is not allowed to scripts and styles
		cssCodeSplit: false, // the server writes all of it into the page
		manifest: "manifest.json", // what each page loads, for the server
		modulePreload: { polyfill: false },
		rolldownOptions: {
			output: {
				codeSplitting: {
					// What one page alone uses comes with that page.
					groups: [{ name: "shared", test: /node_modules\/(?!@clerk)|src\/(api|lib|ui)\//u, minShareCount: 2 }],
				},
			},
		},
	},
	server: { host: "127.0.0.1", port: 5173, strictPort: true, proxy: { [theirs]: proxied } },
	test: { include: ["src/**/*.test.{ts,tsx}"], environment: "happy-dom", setupFiles: ["src/test.ts"] },
} as Parameters<typeof defineConfig>[0]);
