"""Writes full-size members of keras.applications with random weights and their answers into the folder given."""

import json
import pathlib
import sys

import keras
import numpy as np
from family import SHIFT
from full_size_whole import VERSION, digest
from make import check_lively, check_reload
from pictures import pictures
from xception import calm, enliven

# name, builder, side of the pictures, seed
MODELS = [
    ("inceptionv3", keras.applications.InceptionV3, 299, 61),
    ("mobilenet", keras.applications.MobileNet, 224, 62),
]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    # Written last, so that it vouches for whole files.
    description = folder / "cases.json"
    description.unlink(missing_ok=True)
    cases = [case for model in MODELS for case in make(folder, *model)]
    files = sorted({case[key] for case in cases for key in ("file", "inputs", "outputs")})
    sha256 = {name: digest(folder / name) for name in files}
    description.write_text(json.dumps({"version": VERSION, "cases": cases, "sha256": sha256}, indent=2) + "\n")


def make(folder, name, application, size, seed):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    drawn = pictures(size)
    inputs, outputs = f"pictures-{size}.u8", f"{name}.f32"
    drawn.tofile(folder / inputs)
    pixels = drawn.astype(np.float32) / np.float32(127.5) - 1
    model = application(weights=None, input_shape=(size, size, 3), classes=1000)
    enliven(keras, model, pixels, seed, SHIFT)
    calm(keras, model, pixels)
    outspoken(model, seed)
    probabilities = np.asarray(model.predict(pixels, verbose=0))
    check_lively(name, probabilities)
    probabilities.tofile(folder / outputs)
    for extension in ("keras", "h5"):
        path = folder / f"{name}.{extension}"
        model.save(path)
        check_reload(keras, path, False, None, pixels, probabilities)
        print(f"{path.name}: {path.stat().st_size} bytes, highest probabilities {probabilities.max(axis=1)}")
        yield {
            "file": path.name,
            "kerasVersion": keras.__version__,
            "inputSize": size,
            "inputs": inputs,
            "inputShape": list(drawn.shape),
            "scale": "-1..1",
            "output": "softmax",
            "outputs": outputs,
            "outputShape": list(probabilities.shape),
        }


def outspoken(model, seed):
    """Makes a few of the many classes' sums larger and lowers the others', or every probability would be about one in a thousand."""
    head = [layer for layer in model.layers if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D))][-1]
    kernel, bias = head.get_weights()
    chosen = np.zeros(bias.shape, bool)
    chosen[np.random.default_rng(seed).choice(bias.size, 12, replace=False)] = True
    gains = np.where(chosen, 2, 1)
    head.set_weights([kernel * gains, bias * gains - np.where(chosen, 0, 3)])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: full_size.py FOLDER")
    main(pathlib.Path(sys.argv[1]))
