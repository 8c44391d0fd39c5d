#!/bin/sh
# Makes test/fixtures/keras/ and test/fixtures/saved-models/ anew with Keras 2 and Keras 3, or only the files named, such as keras3-zoo.keras.
# Its Python is that of environment.sh.
. "$(dirname "$0")/environment.sh"

target="$here/../../test/fixtures/keras"
if [ $# -eq 0 ]; then
  rm -f "$target"/*.gz
  "$python" "$here/saved_models.py" "$here/../../test/fixtures/saved-models"
fi
"$python" "$here/make.py" "$target" "$@"
# HDF5's own bookkeeping is most of these files, and nearly all of it is zeros.
find "$target" \( -name '*.keras' -o -name '*.h5' \) -exec gzip -9 -n -f {} +
