"""The files that Keras 2 writes (tf-keras on PyPI)."""

import numpy as np
import tf_keras as keras
from xception import calm, enliven, xception

L = keras.layers


def functional_preprocess(pixels):
    """Keras's transfer-learning guide as of Keras 2: preprocess_input on a symbolic tensor, a frozen nested base, one logit."""
    augmentation = keras.Sequential([L.RandomFlip("horizontal"), L.RandomRotation(0.1)], name="data_augmentation")
    base = xception(keras, (71, 71, 3), entry=(8, 12, 12))
    enliven(keras, base, pixels / 127.5 - 1, seed=21)
    inputs = L.Input(shape=(71, 71, 3))
    x = augmentation(inputs)
    x = keras.applications.xception.preprocess_input(x)
    x = base(x, training=False)
    x = L.GlobalAveragePooling2D()(x)
    x = L.Dropout(0.2)(x)
    model = keras.Model(inputs, L.Dense(1)(x))
    calm(keras, model, pixels)
    base.trainable = False
    return model


def sequential_trained(pixels):
    """A Sequential, compiled and trained for one step after freezing, so that the file holds Adam's state."""
    base = xception(keras, (71, 71, 3), repeats=2, pooling="avg")
    model = keras.Sequential([
        L.Rescaling(1 / 127.5, offset=-1, input_shape=(71, 71, 3)),
        base,
        L.Dense(16, activation="relu"),
        L.BatchNormalization(),
        L.Dropout(0.3),
        L.Dense(5, activation="softmax"),
    ])
    enliven(keras, model, pixels, seed=22)
    calm(keras, model, pixels)
    base.trainable = False
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(pixels, np.array([0, 3, 4]))
    return model


def sequential_any_size(pixels):
    """A Sequential for pictures of any size, with an adapted Normalization, its base frozen up to the middle flow, one sigmoid unit."""
    normalization = L.Normalization()
    normalization.adapt(pixels / 255)
    base = xception(keras, (None, None, 3))
    model = keras.Sequential([
        L.InputLayer((None, None, 3)),
        L.Rescaling(1 / 255),
        normalization,
        base,
        L.GlobalMaxPooling2D(),
        L.Dense(1, activation="sigmoid"),
    ])
    enliven(keras, model, pixels, seed=23)
    calm(keras, model, pixels)
    for layer in base.layers:
        if layer.name == "block3_sepconv1":
            break
        layer.trainable = False
    return model


def plain(pixels):
    """The network with its classifier, without scaling, as keras.applications gives it."""
    model = xception(keras, (71, 71, 3), entry=(8, 12), classes=10)
    enliven(keras, model, pixels, seed=24)
    calm(keras, model, pixels)
    return model
