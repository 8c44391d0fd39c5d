"""The files of other families that Keras 3 writes."""

import keras
from family import application, finish, transfer, zoo as small_zoo
from keras import ops

L = keras.layers


def mobilenet(pixels):
    """keras.applications.MobileNet of alpha 0.25, with half its filters."""
    return finish(keras, application(keras, "MobileNet", 64, 2, alpha=0.25, classes=10), pixels, seed=44)


def mobilenet_v3(pixels):
    """keras.applications.MobileNetV3Small, which scales pixels itself, with few filters."""
    return finish(keras, application(keras, "MobileNetV3Small", 64, 8, classes=10), pixels, seed=56)


def efficientnet_b0(pixels):
    """keras.applications.EfficientNetB0, which scales and normalizes pixels itself, with few filters."""
    model = application(keras, "EfficientNetB0", 64, 12, classes=10)
    model.get_layer("normalization").adapt(pixels / 255)
    return finish(keras, model, pixels, seed=53)


def densenet121(pixels):
    """keras.applications.DenseNet121 as it is, with few filters."""
    return finish(keras, application(keras, "DenseNet121", 64, 16, classes=10), pixels, seed=54)


def transfer_inception(pixels):
    """Keras's transfer-learning guide upon a frozen InceptionV3 with few filters."""
    base = application(keras, "InceptionV3", 75, 24, include_top=False)
    return transfer(keras, base, L.Rescaling(scale=1 / 127.5, offset=-1), 4, pixels, seed=59)


def zoo(pixels):
    return small_zoo(keras, pixels, 57, {
        "early": [L.LeakyReLU(0.2), L.ReLU(6.0, negative_slope=0.05), L.ELU(0.5), L.Activation("silu")],
        "middle": [ops.gelu, lambda x: ops.gelu(x, approximate=False), ops.relu6, L.Activation("hard_sigmoid"),
                   lambda x: ops.leaky_relu(x, 0.1), ops.hard_swish, ops.silu],
        "late": [L.Activation("gelu"), L.Activation("hard_swish"), L.Activation("leaky_relu"), ops.hard_sigmoid],
        "gate": lambda x: L.ReLU(6.0)(x + 3.0) * (1 / 6),
        "dense": "hard_silu",
    })
