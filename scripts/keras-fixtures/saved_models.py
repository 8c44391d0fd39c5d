"""Writes small SavedModels that state their networks in operations alone, and TensorFlow's answers, into the folder given."""

import json
import pathlib
import sys
import tarfile
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from pictures import pictures

SIZE = 32
CLASSES = 5


def values(shape, seed, scale=0.3):
    return np.random.default_rng(seed).normal(0, scale, shape).astype(np.float32)


def keras_zoo(folder):
    """Keras 3's layers as model.export writes them."""
    picture = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(picture)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="silu")(x)
    x = layers.BatchNormalization(scale=False)(x)
    y = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(x)
    y = layers.LeakyReLU(0.1)(y)
    y = layers.Conv2D(8, 3, groups=2, padding="same")(y)
    y = layers.BatchNormalization(center=False)(y)
    z = layers.SeparableConv2D(8, 5, padding="same", activation="elu")(x)
    x = layers.Add()([x, y, z])
    x = layers.ZeroPadding2D(((0, 1), (1, 2)))(x)
    x = layers.Concatenate()([layers.AveragePooling2D(3, 2, "same")(x), layers.MaxPooling2D(3, 2, "same")(x)])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(16, 1, activation="hard_sigmoid")(gate)
    x = layers.Multiply()([x, gate])
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.Conv2D(6, 3, dilation_rate=2, activation="relu6")(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(12, activation="tanh")(x)
    model = keras.Model(picture, layers.Dense(CLASSES, activation="softmax")(x))
    for index, weight in enumerate(model.weights):
        drawn = values(weight.shape, index)
        weight.assign(np.abs(drawn) + 0.5 if "variance" in weight.path else drawn)
    model.export(folder, verbose=False)


class Operations(tf.Module):
    """A function of TensorFlow's own operations, with two outputs."""

    def __init__(self):
        self.kernel = tf.Variable(values((3, 3, 3, 8), 1))
        self.scale = tf.Variable(np.abs(values((8,), 2)) + 0.5)
        self.shift = tf.Variable(values((8,), 3))
        self.head = tf.Variable(values((CLASSES, 8), 4, 0.1))

    @tf.function(input_signature=[tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, "pixels")])
    def __call__(self, pixels):
        x = (tf.reverse(pixels, [3]) - tf.constant([103.939, 116.779, 123.68])) / 64.0
        x = tf.nn.conv2d(x, self.kernel, 2, [[0, 0], [1, 2], [0, 1], [0, 0]])
        x, _, _ = tf.compat.v1.nn.fused_batch_norm(
            x, self.scale, self.shift, tf.zeros(8), tf.ones(8), epsilon=0.01, is_training=False
        )
        x = tf.pad(tf.nn.relu6(x), [[0, 0], [1, 0], [0, 1], [0, 0]])[:, 1:, :-1, :]
        x = tf.concat([x[..., :4] * x[..., 4:], tf.maximum(x[..., 4:], 0.25)], -1)
        x = tf.image.resize(x, (20, 20))
        x = x + tf.reduce_max(x, 3, keepdims=True) - tf.reduce_mean(x, [1, 2], keepdims=True)
        x = tf.squeeze(tf.nn.avg_pool2d(tf.nn.selu(x), 20, 1, "VALID"), [1, 2])
        logits = tf.matmul(x, self.head, transpose_b=True)
        return {"labels": tf.sigmoid(logits), "scores": tf.nn.softmax(logits)}


def operations(folder):
    tf.saved_model.save(Operations(), folder)


def tensorflow1(folder):
    """Variables and a session, as TensorFlow 1 saved them."""
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        pixels = tf.compat.v1.placeholder(tf.float32, (None, SIZE, SIZE, 3), "pixels")
        kernel = tf.compat.v1.get_variable("kernel", initializer=values((3, 3, 3, 6), 5), use_resource=False)
        bias = tf.compat.v1.get_variable("bias", initializer=values((6,), 6), use_resource=False)
        matrix = tf.compat.v1.get_variable("matrix", initializer=values((6, CLASSES), 8, 2), use_resource=False)
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(pixels / 127.5 - 1, kernel, 2, "VALID"), bias))
        scores = tf.nn.softmax(tf.matmul(tf.reduce_mean(x, [1, 2]), matrix))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, folder, {"image": pixels}, {"scores": scores})


def main(target):
    drawn = pictures(SIZE)
    (target / "pictures.u8").write_bytes(drawn.tobytes())
    cases = []
    for make in (keras_zoo, operations, tensorflow1):
        name = make.__name__.replace("_", "-")
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / name)
            make(path)
            loaded = tf.saved_model.load(path)
            outputs = loaded.signatures["serving_default"](tf.constant(drawn.astype(np.float32)))
            with tarfile.open(target / f"{name}.tgz", "w:gz") as archive:
                archive.add(path, name)
            cases.append({"name": name, "outputs": {key: value.numpy().tolist() for key, value in outputs.items()}})
            print(name, {key: value.numpy().max(axis=1).tolist() for key, value in outputs.items()})
    (target / "manifest.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
