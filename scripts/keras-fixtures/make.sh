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
"$environment/bin/python" "$here/make.py" "$target"
