import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import preact from "@preact/preset-vite";
import { defineConfig, type Plugin } from "vite";

// The program that has the API, for `npm run dev`: it must be running.
const shop = process.env["SHOP"] ?? "http://127.0.0.1:8000";

// With the dev server, the pages get the configuration that the program gives its own.
const configOfTheShop: Plugin = {
	name: "souk-config",
	apply: "serve",
	async transformIndexHtml(html) {
		const page = await (await fetch(shop)).text();
		const element = page.match(/<title>.*<script [^>]*id="souk-config">.*?<\/script>/s)?.[0];
		return element ? html.replace("<!--config-->", () => element) : html;
	},
};

// The program serves what is compressed here, and compresses no script itself.
const compress: Plugin = {
	name: "souk-compress",
	apply: "build",
	closeBundle() {
		const folder = join(import.meta.dirname, "dist", "assets");
		for (const name of readdirSync(folder)) {
			const text = readFileSync(join(folder, name));
			writeFileSync(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
			writeFileSync(join(folder, `${name}.br`), brotliCompressSync(text));
		}
	},
};

// Behind the dev server a page's origin is another than the shop's, which the shop would not take.
const proxied = { target: shop, headers: { origin: shop } };

export default defineConfig({
	plugins: [preact(), configOfTheShop, compress],
	build: {
		target: "es2023",
		emptyOutDir: false, // scripts/build.sh empties it, but for the file that keeps the folder
		assetsInlineLimit: 0, // a data: address is not allowed to scripts and styles
		modulePreload: { polyfill: false },
		rolldownOptions: {
			output: { codeSplitting: { groups: [{ name: "shared", test: /node_modules|src\/(api|lib|ui)\//u }] } },
		},
	},
	server: { host: "127.0.0.1", proxy: { "^/(api|checkout|__(clerk|dev|mail|stripe))/": proxied } },
	test: { include: ["src/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
