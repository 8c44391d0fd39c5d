#!/usr/bin/env bash
# Builds the image localhost/xception-serve:TARGET with buildah, on a base made here instead of the public one.
# npm's, pip's and the system's settings of this machine (registry, index, certificates) are handed in, not kept.
# Usage, as root, with the Debian packages buildah and debootstrap: build.sh cpu | gpu
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$1

version=$(sed -n 's/^ARG RUNTIME_IMAGE=.*node:\([0-9.]*\)-.*/\1/p' Dockerfile)
base=localhost/xception-serve-base:$version
scripts/container/base.sh "$base" "$version"

options=()
hand_in() {
  if [[ -e $2 ]]; then options+=(--secret "id=$1,src=$2"); fi
}
hand_in ca "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
hand_in npmrc "$(npm config get userconfig)"
index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2> /dev/null || true)}
if [[ -n $index ]]; then options+=(--build-arg "PIP_INDEX_URL=$index"); fi

buildah bud --isolation chroot --network host --layers --format docker --target "$target" \
  --build-arg "BUILD_IMAGE=$base" --build-arg "RUNTIME_IMAGE=$base" \
  --build-arg "NPM_CONFIG_REGISTRY=$(npm config get registry)" \
  --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" \
  "${options[@]}" --tag "localhost/xception-serve:$target" .
