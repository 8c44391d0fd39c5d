"""Small members of other families than Xception, built with whichever Keras is handed in."""

import numpy as np
from xception import all_layers, calm, enliven

# How far the normalizations' beta is moved, see `enliven`.
SHIFT = 0.7


def shrink(keras, model, divisor):
    """
    A model of keras.applications with as many layers, but its numbers of filters divided.
    Equal numbers become equal ones, so sums and products still fit; the classifier's stays.
    """
    kept = model.output.shape[-1] if len(model.output.shape) == 2 else None

    def fewer(filters):
        return filters if filters == kept else max(2, -(-filters // divisor))

    config = model.get_config()
    for layer in config["layers"]:
        layer.pop("build_config", None)
        settings = layer["config"]
        if "filters" in settings:
            settings["filters"] = fewer(settings["filters"])
        elif layer["class_name"] == "Reshape":
            *sides, channels = settings["target_shape"]
            settings["target_shape"] = (*sides, fewer(channels))
    return keras.Model.from_config(config)


def coarsen(keras, model):
    """Rounds weights to the eight significant bits of bfloat16, so that the files compress well."""
    layers = keras.layers
    kinds = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Dense, layers.BatchNormalization)
    for layer in all_layers(model):
        if isinstance(layer, kinds):
            layer.set_weights([eight_bits(weight) for weight in layer.get_weights()])


def eight_bits(values):
    return ((values.view(np.uint32) + 0x8000) & 0xFFFF0000).view(np.float32)


def finish(keras, model, pixels, seed=None):
    """What every small model needs: weights (where a seed is given), calm answers, few bits; the bits first, as they move the answers."""
    if seed is not None:
        enliven(keras, model, pixels, seed, SHIFT)
    coarsen(keras, model)
    calm(keras, model, pixels)
    coarsen(keras, model)
    return model


def application(keras, name, side, divisor, **options):
    build = getattr(keras.applications, name)
    return shrink(keras, build(weights=None, input_shape=(side, side, 3), **options), divisor)


def transfer(keras, base, scaling, classes, pixels, seed):
    """Keras's transfer-learning guide upon a base that takes pixels from -1 to 1."""
    layers = keras.layers
    augmentation = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)], name="data_augmentation")
    enliven(keras, base, pixels / 127.5 - 1, seed, SHIFT)
    base.trainable = False
    inputs = keras.Input(shape=base.input_shape[1:])
    x = augmentation(inputs)
    x = scaling(x)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return finish(keras, keras.Model(inputs, layers.Dense(classes)(x)), pixels)


def zoo(keras, pixels, seed, activations):
    """
    A network of one convolution or pooling of each sort, with one activation after another.
    `activations` has those that the two Keras write differently: lists of functions of a tensor, `early`, `middle` and `late`;
    the function `gate`; and the name `dense`.
    """
    layers = keras.layers

    def normalized(x, **options):
        return layers.BatchNormalization(**options)(x)

    def every(x, functions):
        """The channels shared out among the functions, after amplification, so that what caps or saturates does so."""
        x = x * 2.5 + 0.25
        size = -(-x.shape[-1] // len(functions))
        starts = range(0, x.shape[-1], size)
        parts = [function(x[..., start:min(start + size, x.shape[-1])]) for start, function in zip(starts, functions, strict=True)]
        return layers.Concatenate()(parts)

    inputs = layers.Input(shape=pixels.shape[1:])
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    # 64 -> 32, an even kernel
    x = layers.Conv2D(12, 4, strides=2, padding="same", activation="relu")(x)
    x = normalized(x)
    x = every(x, activations["early"])

    # 32 -> 16 in four ways
    a = layers.Conv2D(8, (1, 5), padding="same", use_bias=False)(x)
    a = normalized(a, scale=False)
    a = layers.ReLU(max_value=2, negative_slope=0.1)(a)
    a = layers.Conv2D(8, (4, 2), padding="valid", activation="tanh")(a)
    a = layers.ZeroPadding2D(((1, 2), (0, 1)))(a)
    a = layers.AveragePooling2D(3, strides=2, padding="same")(a)

    b = layers.Conv2D(8, 2, dilation_rate=(3, 2), padding="same", activation="sigmoid")(x)
    b = layers.Conv2D(8, 3, groups=4, padding="valid", activation="elu")(b)
    b = normalized(b, center=False)
    b = layers.Conv2D(6, (2, 3), strides=(2, 1), padding="same")(b)
    b = layers.MaxPooling2D((2, 3), strides=(1, 2), padding="valid")(b)
    b = layers.ZeroPadding2D((1, 1))(b)

    c = layers.DepthwiseConv2D((3, 2), strides=2, padding="same", activation="relu")(x)
    c = normalized(c, scale=False, center=False)
    c = 1 - c

    d = layers.SeparableConv2D(8, 4, strides=2, padding="same", activation="tanh")(x)
    d = normalized(d, axis=3, epsilon=0.01)
    d = d / 3

    x = layers.Concatenate()([a, b, c, d])
    x = every(x, activations["middle"])
    x = layers.Conv2D(24, 1)(x)
    x = normalized(x)

    # a residual of half the channels, a gate by Reshape and one by keepdims
    x = layers.Add()([x[..., :12], layers.DepthwiseConv2D(5, padding="same", use_bias=False)(x[..., 12:])])
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Reshape((1, 1, 12))(gate)
    gate = layers.Conv2D(12, 1, activation="sigmoid")(gate * 4)
    x = layers.Multiply()([x, gate])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(12, 1)(gate * 4)
    x = x * activations["gate"](gate)
    mask = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)
    x = layers.Multiply()([mask, x])
    x = normalized(x)

    # 16 -> 5 -> 3
    x = layers.AveragePooling2D((3, 2), strides=(3, 3), padding="valid")(x)
    x = every(x, activations["late"])
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Add()([layers.Conv2D(16, 3, padding="same")(x), layers.Conv2D(16, 1)(x)])
    x = layers.Concatenate()([x, x * 0.5 - 0.125])
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(10, activation=activations["dense"])(x)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(x))
    return finish(keras, model, pixels, seed)


def grey(keras, pixels, seed):
    """One channel; a 3x3 convolution, its average and softmax are the classifier."""
    layers = keras.layers
    model = keras.Sequential([
        layers.Input(shape=pixels.shape[1:]),
        layers.Rescaling(1 / 255),
        layers.Conv2D(8, 5, strides=2, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(12, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Conv2D(6, 3, padding="same", name="classifier"),
        layers.GlobalAveragePooling2D(),
        layers.Activation("softmax"),
    ])
    return finish(keras, model, pixels, seed)
