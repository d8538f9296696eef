#!/usr/bin/env bash
# Puts the scripts of Clerk's browser SDK, that the stand-in for Clerk serves, into internal/devcloud/sdk/dist, compressed. They come
# from the two npm packages that the page uses, of exactly these versions, and from nothing that those depend on. Does
# nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

# package, version, the file that the page loads, the chunks that it loads, the sha512 of the package (npm's integrity).
packages=(
	"clerk-js 6.34.1 clerk.browser.js clerk.browser PcM/x9lzmDU5bQ8jaJjkWYncJbAYL5hlxHG3jkO4SLG39apLqfBuFCaRw27ptIkwRCTJnY+a6Nvml3gk8G1CZA=="
	"ui 1.34.0 ui.browser.js ui_de828c EP6Wcf+iqV5hJRMjfmVSOb7wWEgt2DuUOnR3Yv/ULPdmGgGWa64oc4tB4VfD66z8nXgtXqHEXNNnGURAOfQ7vQ=="
)

dist=internal/devcloud/sdk/dist
if cmp -s scripts/sdk.sh "$dist/made-by"; then exit; fi
if ! command -v npm >/dev/null; then
	echo "Clerk's scripts come from npm, which is not installed here." >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/dist"
for package in "${packages[@]}"; do
	read -r name version script chunks sum <<<"$package"
	if ! npm pack "@clerk/$name@$version" --pack-destination "$work" --prefer-offline --fetch-retries=1 --loglevel=error >/dev/null; then
		echo "@clerk/$name@$version cannot be fetched from npm; this is needed once." >&2
		exit 1
	fi
	tarball=$work/clerk-$name-$version.tgz
	if [ "$(node -p 'require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tarball")" != "$sum" ]; then
		echo "@clerk/$name@$version is not the package that was looked at: its sha512 differs." >&2
		exit 1
	fi
	mkdir -p "$work/$name"
	tar -xzf "$tarball" -C "$work/$name" --strip-components=2 package/dist
	to=$work/dist/@clerk/$name@$version/dist
	mkdir -p "$to"
	for file in "$work/$name/$script" "$work/$name/"*_"$chunks"_*; do
		case $file in */*wallet* | */base-account-sdk_*) continue ;; esac # nobody signs in with a wallet here
		gzip -9 -n -c "$file" >"$to/$(basename "$file").gz"
	done
done
rm -rf "$dist/@clerk"
cp -r "$work/dist/@clerk" "$dist/"
cp scripts/sdk.sh "$dist/made-by"
