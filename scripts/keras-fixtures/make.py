"""
Writes the Keras fixtures and Keras's own answers for them into the folder given as the first argument.
Further arguments name the only files to make; the others' entries in the manifests stay.
"""

import json
import pathlib
import sys
import typing

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import keras2_family
import keras2_files
import keras3_family
import keras3_files
from pictures import grey_pictures, pictures


class Fixture(typing.NamedTuple):
    file: str
    # Function that builds the model.
    build: typing.Callable
    # Side of the pictures.
    size: int
    # What the raw output is.
    raw: str
    # What the file is.
    note: str
    # How pixels become the model's input.
    scale: str = "none"
    channels: int = 3


FIXTURES = [Fixture(*fields) for fields in [
    ("keras2-functional-preprocess.h5", keras2_files.functional_preprocess, 71, "logit",
     "whole model, functional: nested augmentation, preprocess_input as TFOpLambda, frozen nested base, one logit"),
    ("keras2-sequential-trained.keras", keras2_files.sequential_trained, 71, "softmax",
     "archive, Sequential: Rescaling, frozen nested base with pooling, Dense with ReLU, BatchNormalization, softmax; state of Adam"),
    ("keras2-sequential-any-size.h5", keras2_files.sequential_any_size, 80, "sigmoid",
     "whole model, Sequential: no input size, Rescaling, adapted Normalization, "
     "nested base frozen up to the middle flow, global maximum, one sigmoid unit"),
    ("keras2-plain.weights-legacy.h5", keras2_files.plain, 71, "softmax",
     "weights only, legacy layout, classifier of 10 classes", "-1..1"),
    ("keras3-functional-inlined.keras", keras3_files.functional_inlined, 80, "sigmoid",
     "archive, functional: preprocess_input as operations, Normalization, inlined base, global maximum, "
     "BatchNormalization without gamma, 4 sigmoids; state of Adam"),
    ("keras3-functional-nested.keras", keras3_files.functional_nested, 71, "logits",
     "archive, functional: Rescaling, frozen nested base, global average, 3 logits"),
    ("keras3-sequential-flatten.h5", keras3_files.sequential_flatten, 71, "softmax",
     "whole model, legacy layout, Sequential: Rescaling, nested base that is not frozen, Flatten, softmax as its own layer; state of SGD"),
    ("keras3-plain.weights.h5", keras3_files.plain, 71, "softmax",
     "weights only, layout of Keras 3, classifier of 10 classes", "-1..1"),
    ("keras3-layer-normalization.keras", keras3_files.layer_normalization, 71, "softmax",
     "archive, Sequential: LayerNormalization in the head"),
]]
# Other families than Xception.
FAMILY = [Fixture(*fields) for fields in [
    ("keras2-inceptionv3.h5", keras2_family.inception_v3, 75, "softmax",
     "whole model, functional: InceptionV3 with its classifier, without scaling", "-1..1"),
    ("keras2-mobilenetv2.h5", keras2_family.mobilenet_v2, 64, "softmax",
     "whole model, functional: MobileNetV2 with its classifier, without scaling", "-1..1"),
    ("keras2-resnet50v2.h5", keras2_family.resnet50_v2, 64, "softmax",
     "whole model, functional: ResNet50V2 with its classifier, without scaling", "-1..1"),
    ("keras2-zoo.h5", keras2_family.zoo, 64, "softmax",
     "whole model, functional: convolutions, poolings, arithmetic and activations of every sort"),
    ("keras2-grey.keras", keras2_family.grey, 64, "softmax",
     "archive, Sequential: one channel, a convolution and its average as classifier", "none", 1),
    ("keras3-mobilenet.keras", keras3_family.mobilenet, 64, "softmax",
     "archive, functional: MobileNet of alpha 0.25 with its classifier, without scaling", "-1..1"),
    ("keras3-mobilenetv3.keras", keras3_family.mobilenet_v3, 64, "softmax",
     "archive, functional: MobileNetV3Small with its Rescaling and classifier"),
    ("keras3-efficientnetb0.h5", keras3_family.efficientnet_b0, 64, "softmax",
     "whole model, legacy layout, functional: EfficientNetB0 with its Rescaling, Normalization and classifier"),
    ("keras3-densenet121.keras", keras3_family.densenet121, 64, "softmax",
     "archive, functional: DenseNet121 with its classifier, without scaling", "-1..1"),
    ("keras3-transfer-inceptionv3.keras", keras3_family.transfer_inception, 75, "logits",
     "archive, functional: augmentation, Rescaling, frozen nested InceptionV3, global average, Dropout, 4 logits"),
    ("keras3-zoo.keras", keras3_family.zoo, 64, "softmax",
     "archive, functional: convolutions, poolings, arithmetic and activations of every sort"),
]]
MANIFESTS = {"manifest.json": FIXTURES, "family.json": FAMILY}
# A reloaded model computes the same sums, so it may differ only by their rounding.
TOLERANCE = 1e-6


def main(target, names):
    tf.config.experimental.enable_op_determinism()
    target.mkdir(parents=True, exist_ok=True)
    known = {fixture.file for fixtures in MANIFESTS.values() for fixture in fixtures}
    if unknown := set(names) - known:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}")
    for manifest, fixtures in MANIFESTS.items():
        chosen = [fixture for fixture in fixtures if not names or fixture.file in names]
        if chosen:
            write_manifest(target / manifest, fixtures, {fixture.file: make(target, fixture) for fixture in chosen})


def write_manifest(path, fixtures, made):
    """Entries that were not made stay as they are."""
    kept = {entry["file"]: entry for entry in json.loads(path.read_text())} if path.exists() else {}
    entries = kept | made
    ordered = [entries[fixture.file] for fixture in fixtures if fixture.file in entries]
    path.write_text(json.dumps(ordered, indent=2) + "\n")


def make(target, fixture):
    """Builds, saves and reloads one model, and returns its entry for its manifest."""
    file, build, size, raw, note, scale, channels = fixture
    library = tf_keras if file.startswith("keras2-") else keras
    library.backend.clear_session()
    library.utils.set_random_seed(1)
    inputs, drawn = inputs_of(size, channels)
    drawn.tofile(target / inputs)
    pixels = drawn[..., :channels].astype(np.float32)
    if scale == "-1..1":
        pixels = pixels / np.float32(127.5) - 1
    model = build(pixels)
    path = target / file
    weights_only = "weights" in file
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
        **({} if channels == 3 else {"channels": channels}),
        "inputs": inputs,
        "inputShape": list(drawn.shape),
        "scale": scale,
        "rawOutput": raw,
        "rawOutputs": numbers(values),
        "output": "softmax" if raw in ("softmax", "logits") else "sigmoid",
        "outputs": numbers(probabilities),
    }


def inputs_of(size, channels):
    """File of the pictures and the pictures: RGB for every model."""
    if channels == 1:
        return f"pictures-{size}-grey.u8", grey_pictures(size)
    return f"pictures-{size}.u8", pictures(size)


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
    if len(sys.argv) < 2:
        raise SystemExit("usage: make.py FOLDER [FILE...]")
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
