#!/bin/sh
# Makes test/fixtures/keras/ anew with Keras 2 and Keras 3, in a Python environment that is removed afterwards.
# Wants Python 3.11 on Linux x64; PYTHON names another interpreter than python3.11.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target="$here/../../test/fixtures/keras"
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT INT TERM

"${PYTHON:-python3.11}" -m venv "$environment"
# The list is complete, so --no-deps: tf-keras would fetch the GPU flavour of TensorFlow beside the one named here.
"$environment/bin/pip" install --quiet --no-deps --only-binary=:all: --requirement "$here/requirements.txt"

export TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow
rm -f "$target"/*.gz
"$environment/bin/python" "$here/make.py" "$target"
# HDF5's own bookkeeping is most of these files, and nearly all of it is zeros.
gzip -9 -n "$target"/*.keras "$target"/*.h5
