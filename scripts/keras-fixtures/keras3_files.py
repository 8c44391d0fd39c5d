"""The files that Keras 3 writes."""

import keras
import numpy as np
from xception import calm, enliven, xception, xception_layers

L = keras.layers


def functional_inlined(pixels):
    """A base built upon the scaled input, so that its layers stand among the model's own; several sigmoids; trained for one step."""
    inputs = L.Input(shape=(80, 80, 3))
    x = L.RandomFlip("horizontal")(inputs)
    x = keras.applications.xception.preprocess_input(x)
    x = L.Normalization(mean=[0.1, -0.05, 0.02], variance=[0.8, 1.1, 0.9])(x)
    x = xception_layers(keras, x)
    base = keras.Model(inputs, x)
    x = L.GlobalMaxPooling2D()(x)
    x = L.Dense(16, activation="relu")(x)
    x = L.BatchNormalization(scale=False)(x)
    x = L.Dropout(0.2)(x)
    model = keras.Model(inputs, L.Dense(4, activation="sigmoid")(x))
    enliven(keras, model, pixels, seed=31)
    calm(keras, model, pixels)
    for layer in base.layers:
        layer.trainable = False
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    model.train_on_batch(pixels, np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]]))
    return model


def sequential_flatten(pixels):
    """A Sequential with a nested base that is not frozen, Flatten, and softmax as a layer of its own; trained for one step."""
    model = keras.Sequential([
        L.Input(shape=(71, 71, 3)),
        L.Rescaling(1 / 127.5, offset=-1),
        xception(keras, (71, 71, 3), exit=(12, 16, 8, 6)),
        L.Flatten(),
        L.Dense(5),
        L.Activation("softmax"),
    ])
    enliven(keras, model, pixels, seed=32)
    calm(keras, model, pixels)
    model.compile(optimizer=keras.optimizers.SGD(1e-3), loss="sparse_categorical_crossentropy")
    model.train_on_batch(pixels, np.array([2, 3, 4]))
    return model


def functional_nested(pixels):
    """Keras's transfer-learning guide as of Keras 3: a frozen nested base, Rescaling, logits for several classes."""
    base = xception(keras, (71, 71, 3), entry=(8, 12))
    enliven(keras, base, pixels / 127.5 - 1, seed=33)
    inputs = L.Input(shape=(71, 71, 3))
    x = L.Rescaling(scale=1 / 127.5, offset=-1)(inputs)
    x = base(x, training=False)
    x = L.GlobalAveragePooling2D()(x)
    x = L.Dropout(0.2)(x)
    model = keras.Model(inputs, L.Dense(3)(x))
    calm(keras, model, pixels)
    base.trainable = False
    return model


def plain(pixels):
    """The network with its classifier, without scaling, as keras.applications gives it."""
    model = xception(keras, (71, 71, 3), classes=10)
    enliven(keras, model, pixels, seed=34)
    calm(keras, model, pixels)
    return model


def layer_normalization(pixels):
    """A head with normalized features."""
    model = keras.Sequential([
        L.Input(shape=(71, 71, 3)),
        L.Rescaling(1 / 127.5, offset=-1),
        xception(keras, (71, 71, 3), entry=(6,), repeats=0, exit=(6, 6, 6, 6), pooling="avg"),
        L.LayerNormalization(name="head_norm"),
        L.Dense(2, activation="softmax"),
    ])
    enliven(keras, model, pixels, seed=35)
    calm(keras, model, pixels)
    return model
