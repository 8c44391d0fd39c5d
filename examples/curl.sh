#!/usr/bin/env bash
# The ways of asking that curl has: examples/curl.sh [IMAGE]
set -euo pipefail

url=${XCEPTION_URL:-http://localhost:8080}
image=${1:-docs/cat.jpg}
picture=${TMPDIR:-/tmp}/explanation.png

reply=$(mktemp)
trap 'rm -f "$reply"' EXIT

# A busy service answers 503 or 429 with Retry-After, which --retry waits for. The reply goes to a file because
# curl empties that before it tries again: on standard output, a refusal would stand before the answer.
ask() {
  local status=0
  curl --silent --show-error --fail-with-body --retry 5 --retry-max-time 60 --max-time 30 --output "$reply" "$@" || status=$?
  return "$status"
}

echo '== A form, as a web page sends it; several images are several --form'
ask --form "image=@$image" "$url/classify?topK=2"
cat "$reply"; echo

echo '== The bytes alone; the service looks at the content, so any image has the same type'
ask --header 'content-type: application/octet-stream' --data-binary "@$image" "$url/classify?topK=2"
cat "$reply"; echo

echo '== JSON with base64'
# Through a pipe, since an argument may not be as long as an image.
{ printf '{"images":["'; base64 < "$image" | tr -d '\n'; printf '"]}'; } |
  ask --header 'content-type: application/json' --data-binary @- "$url/classify?topK=2"
cat "$reply"; echo

echo '== Where the network looked, drawn over the image'
ask --header 'accept: image/png' --form "image=@$image" "$url/classify?explain=true"
cp "$reply" "$picture"
echo "$picture"

echo '== The features, of length 1: near ones are alike to the network'
ask --form "image=@$image" "$url/embed?normalize=true"
cut -c 1-160 "$reply"

echo '== A mistake: the code is for programs, the detail for people, and trying again would not help'
if ask --header 'content-type: application/octet-stream' --data-binary 'no image' "$url/classify"; then exit 1; fi
cat "$reply"; echo
