#!/bin/sh
# Writes full-size InceptionV3 and MobileNet with random weights and Keras's own answers into the folder given,
# about 230 MB; does nothing where they are there and whole. Its Python is that of environment.sh.
if [ $# -ne 1 ]; then
  echo "usage: full-size.sh FOLDER" >&2
  exit 2
fi
# Checked before an environment is made; any Python will do for it.
if "${KERAS_PYTHON:-${PYTHON:-python3.11}}" "$(dirname "$0")/full_size_whole.py" "$1"; then
  exit 0
fi
. "$(dirname "$0")/environment.sh"

"$python" "$here/full_size.py" "$1"
