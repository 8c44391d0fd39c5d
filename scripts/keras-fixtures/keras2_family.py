"""The files of other families that Keras 2 writes (tf-keras on PyPI)."""

import tensorflow as tf
import tf_keras as keras
from family import application, finish, grey as small_grey, zoo as small_zoo

L = keras.layers


def mobilenet_v2(pixels):
    """keras.applications.MobileNetV2 as it is, with few filters."""
    return finish(keras, application(keras, "MobileNetV2", 64, 8, classes=10), pixels, seed=45)


def resnet50_v2(pixels):
    """keras.applications.ResNet50V2 as it is, with few filters."""
    return finish(keras, application(keras, "ResNet50V2", 64, 24, classes=10), pixels, seed=42)


def inception_v3(pixels):
    """keras.applications.InceptionV3 as it is, with few filters."""
    return finish(keras, application(keras, "InceptionV3", 75, 24, classes=10), pixels, seed=43)


def zoo(pixels):
    return small_zoo(keras, pixels, 44, {
        "early": [L.LeakyReLU(0.2), L.ReLU(6.0, negative_slope=0.05), L.ELU(0.5), L.Activation("swish")],
        "middle": [tf.nn.gelu, lambda x: tf.nn.gelu(x, approximate=True), tf.nn.relu6, L.Activation("hard_sigmoid"),
                   lambda x: tf.nn.leaky_relu(x, alpha=0.1), tf.nn.silu],
        "late": [L.Activation("gelu"), L.Activation(tf.nn.relu6), tf.sigmoid, L.Activation("tanh")],
        "gate": lambda x: tf.nn.relu6(x + 3) * (1 / 6),
        "dense": "hard_sigmoid",
    })


def grey(pixels):
    return small_grey(keras, pixels, seed=46)
