# Sourced by the scripts beside it: sets `here` and `python`, an interpreter that has the requirements.
# KERAS_PYTHON names one that has them already; otherwise an environment is made, and removed when the script ends.
# That wants Python 3.11 on Linux x64; PYTHON names another interpreter than python3.11.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
export TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow PYTHONDONTWRITEBYTECODE=1
if [ -n "${KERAS_PYTHON:-}" ]; then
  python=$KERAS_PYTHON
else
  environment=$(mktemp -d)
  trap 'rm -rf "$environment"' EXIT INT TERM
  "${PYTHON:-python3.11}" -m venv "$environment"
  python="$environment/bin/python"
  # The list is complete, so --no-deps: tf-keras would fetch the GPU flavour of TensorFlow beside the one named here.
  "$python" -m pip install --quiet --no-deps --only-binary=:all: --requirement "$here/requirements.txt"
fi
