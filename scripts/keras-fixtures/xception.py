"""Small members of the Xception family, built with whichever Keras is handed in."""

import numpy as np


def xception(keras, shape, *, name="xception", **members):
    """A model of its own, as keras.applications.Xception returns; `members` as for `xception_layers`."""
    inputs = keras.layers.Input(shape=shape)
    return keras.Model(inputs, xception_layers(keras, inputs, **members), name=name)


def xception_layers(keras, x, *, entry=(8,), repeats=1, exit=(12, 16, 20, 24), pooling=None, classes=None):
    """
    The topology of keras.applications.Xception with few filters, built upon the tensor x.
    As there, the residual convolutions carry the names that Keras gives them, and they are made before their module's others.
    """
    layers = keras.layers

    def separable(x, filters, layer):
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=layer)(x)
        return layers.BatchNormalization(name=f"{layer}_bn")(x)

    def downsampling(x, filters, block, starts_with_relu=True):
        shortcut = layers.Conv2D(filters[1], 1, strides=2, padding="same", use_bias=False)(x)
        shortcut = layers.BatchNormalization()(shortcut)
        for index, count in enumerate(filters, 1):
            if index > 1 or starts_with_relu:
                x = layers.Activation("relu", name=f"{block}_sepconv{index}_act")(x)
            x = separable(x, count, f"{block}_sepconv{index}")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{block}_pool")(x)
        return layers.add([x, shortcut])

    for index, (filters, strides) in enumerate([(4, 2), (6, 1)], 1):
        x = layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=f"block1_conv{index}")(x)
        x = layers.BatchNormalization(name=f"block1_conv{index}_bn")(x)
        x = layers.Activation("relu", name=f"block1_conv{index}_act")(x)
    for index, filters in enumerate(entry):
        x = downsampling(x, (filters, filters), f"block{index + 2}", starts_with_relu=index > 0)
    exit_block = len(entry) + 2 + repeats
    for block in range(len(entry) + 2, exit_block):
        before = x
        for index in (1, 2, 3):
            x = layers.Activation("relu", name=f"block{block}_sepconv{index}_act")(x)
            x = separable(x, entry[-1], f"block{block}_sepconv{index}")
        x = layers.add([x, before])
    x = downsampling(x, exit[:2], f"block{exit_block}")
    for index, filters in enumerate(exit[2:], 1):
        x = separable(x, filters, f"block{exit_block + 1}_sepconv{index}")
        x = layers.Activation("relu", name=f"block{exit_block + 1}_sepconv{index}_act")(x)
    if classes is not None:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    elif pooling == "avg":
        x = layers.GlobalAveragePooling2D()(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D()(x)
    return x


def all_layers(model):
    """Every layer of a model, those of nested models included."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from all_layers(layer)
        else:
            yield layer


def enliven(keras, model, pixels, seed, shift=0):
    """
    Gives a model's convolutions, dense layers and batch normalizations random weights.
    The moving statistics are first set to what the pixels give, then moved off, so that no layer's output dies or explodes
    and every weight of a batch normalization matters. To be called before anything is frozen, and for a base that is used
    with training=False, on the base alone. A positive `shift` of the normalizations' beta keeps most sums on the side where ReLU
    lets them pass, without which rounding errors grow from layer to layer in a deep network.
    """
    random = np.random.default_rng(seed)
    normalizations = [layer for layer in all_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            if layer.gamma is not None:
                layer.gamma.assign(random.uniform(0.6, 1.4, layer.gamma.shape))
            if layer.beta is not None:
                layer.beta.assign(random.normal(shift, 0.3, layer.beta.shape))
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            layer.set_weights([spread(random, weight.shape, depthwise=True) for weight in layer.get_weights()])
        elif isinstance(layer, (keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.Dense)):
            layer.set_weights([spread(random, weight.shape) for weight in layer.get_weights()])
    momentum = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    model(pixels, training=True)
    for layer, value in zip(normalizations, momentum):
        layer.momentum = value
        mean, variance = np.array(layer.moving_mean), np.array(layer.moving_variance)
        layer.moving_mean.assign(mean + random.normal(0, 0.2, mean.shape) * np.sqrt(variance))
        layer.moving_variance.assign((variance + 1e-3) * random.uniform(0.6, 1.6, variance.shape))


def spread(random, shape, depthwise=False):
    """Normal values whose scale keeps the size of a layer's input; a bias is small."""
    if len(shape) == 1:
        inputs = 20
    elif depthwise or len(shape) == 4 and shape[-1] == 1:
        inputs = shape[0] * shape[1]
    else:
        inputs = np.prod(shape[:-1])
    return random.normal(0, np.sqrt(1.5 / inputs), shape)


def calm(keras, model, pixels):
    """
    Scales and shifts the last layer with a kernel so that each unit's sums have mean 0 and deviation 1 over the pictures:
    the answers then differ clearly and stay far from 0 and 1. A convolution must be linear, and its average is what counts.
    """
    head = [layer for layer in model.layers if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D))][-1]
    kernel, bias = head.get_weights()
    if isinstance(head, keras.layers.Dense):
        features = keras.Model(model.inputs[0], head.input)(pixels, training=False)
        sums = np.array(features) @ kernel + bias
    else:
        sums = np.array(keras.Model(model.inputs[0], head.output)(pixels, training=False)).mean(axis=(1, 2))
    deviation = sums.std(axis=0)
    head.set_weights([kernel / deviation, (bias - sums.mean(axis=0)) / deviation])
