"""Writes the Keras fixtures and Keras's own answers for them into the folder given as the only argument."""

import json
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import keras2_files
import keras3_files
from pictures import pictures

# file, module and function that build the model, side of the pictures, what the raw output is, what the file is
FIXTURES = [
    ("keras2-functional-preprocess.h5", keras2_files.functional_preprocess, 71, "logit",
     "whole model, functional: nested augmentation, preprocess_input as TFOpLambda, frozen nested base, one logit"),
    ("keras2-sequential-trained.keras", keras2_files.sequential_trained, 71, "softmax",
     "archive, Sequential: Rescaling, frozen nested base with pooling, Dense with ReLU, BatchNormalization, softmax; state of Adam"),
    ("keras2-sequential-any-size.h5", keras2_files.sequential_any_size, 80, "sigmoid",
     "whole model, Sequential: no input size, Rescaling, adapted Normalization, "
     "nested base frozen up to the middle flow, global maximum, one sigmoid unit"),
    ("keras2-plain.weights-legacy.h5", keras2_files.plain, 71, "softmax",
     "weights only, legacy layout, classifier of 10 classes"),
    ("keras3-functional-inlined.keras", keras3_files.functional_inlined, 80, "sigmoid",
     "archive, functional: preprocess_input as operations, Normalization, inlined base, global maximum, "
     "BatchNormalization without gamma, 4 sigmoids; state of Adam"),
    ("keras3-functional-nested.keras", keras3_files.functional_nested, 71, "logits",
     "archive, functional: Rescaling, frozen nested base, global average, 3 logits"),
    ("keras3-sequential-flatten.h5", keras3_files.sequential_flatten, 71, "softmax",
     "whole model, legacy layout, Sequential: Rescaling, nested base that is not frozen, Flatten, softmax as its own layer; state of SGD"),
    ("keras3-plain.weights.h5", keras3_files.plain, 71, "softmax",
     "weights only, layout of Keras 3, classifier of 10 classes"),
    ("keras3-unsupported.keras", keras3_files.unsupported, 71, "softmax",
     "archive, Sequential: LayerNormalization in the head, which the service refuses"),
]
# A reloaded model computes the same sums, so it may differ only by their rounding.
TOLERANCE = 1e-6


def main(target):
    tf.config.experimental.enable_op_determinism()
    target.mkdir(parents=True, exist_ok=True)
    for size in sorted({size for _, _, size, _, _ in FIXTURES}):
        pictures(size).tofile(target / inputs_name(size))
    manifest = [make(target, *fixture) for fixture in FIXTURES]
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def inputs_name(size):
    return f"pictures-{size}.u8"


def make(target, file, build, size, raw, note):
    """Builds, saves and reloads one model, and returns its entry for the manifest."""
    library = tf_keras if build.__module__ == "keras2_files" else keras
    library.backend.clear_session()
    library.utils.set_random_seed(1)
    weights_only = "weights" in file
    pixels = pictures(size).astype(np.float32)
    if weights_only:
        pixels = pixels / np.float32(127.5) - 1
    model = build(pixels)
    path = target / file
    save(model, path, weights_only)
    values = np.asarray(model.predict(pixels, verbose=0))
    check_reload(library, path, weights_only, build, pixels, values)
    probabilities = apply_output(raw, values)
    check_lively(file, probabilities)
    print(f"{file}: {path.stat().st_size} bytes, probabilities\n{probabilities}")
    return {
        "file": file,
        "note": note,
        "kerasVersion": library.__version__,
        "inputSize": size,
        "inputs": inputs_name(size),
        "inputShape": list(pixels.shape),
        "scale": "-1..1" if weights_only else "none",
        "rawOutput": raw,
        "rawOutputs": numbers(values),
        "output": "softmax" if raw in ("softmax", "logits") else "sigmoid",
        "outputs": numbers(probabilities),
    }


def save(model, path, weights_only):
    if weights_only:
        model.save_weights(path)
    else:
        model.save(path)


def check_reload(library, path, weights_only, build, pixels, expected):
    """The saved file must answer as the model did, or the fixture is worthless."""
    if weights_only:
        model = build(pixels)
        model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
        model.load_weights(path)
    else:
        model = library.models.load_model(path, compile=False)
    difference = np.abs(model.predict(pixels, verbose=0) - expected).max()
    if not difference <= TOLERANCE:
        raise SystemExit(f"{path.name}: reloaded, it answers {difference} away from what was saved")


def apply_output(raw, values):
    if raw == "logits":
        return np.array(tf.nn.softmax(values))
    if raw == "logit":
        return np.array(tf.nn.sigmoid(values))
    return values


def check_lively(file, probabilities):
    """Answers that hardly differ between the pictures, or are nearly 0 or 1, would hide mistakes."""
    if np.ptp(probabilities, axis=0).max() < 0.1 or not (0.001 < probabilities.max() < 0.999):
        raise SystemExit(f"{file}: its answers are too alike or too sure\n{probabilities}")


def numbers(values):
    """Shortest decimals that give the same float32."""
    return [[float(str(value)) for value in row] for row in values]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: make.py FOLDER")
    main(pathlib.Path(sys.argv[1]))
