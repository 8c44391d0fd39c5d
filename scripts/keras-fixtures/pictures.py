"""The pictures that every fixture answers for: drawn, not photographed, so that they belong to nobody."""

import numpy as np

def pictures(size):
    """Three RGB pictures of the given side as uint8 (3, size, size, 3): smooth gradients, a coarse pattern and noise."""
    random = np.random.default_rng(size)
    row, column = np.mgrid[0:size, 0:size] / (size - 1)
    planes = [
        [row, column, 1 - row],
        [(row * 4).astype(int) % 2, (column * 5).astype(int) % 2, row * column],
        [(row - 0.5) ** 2 + (column - 0.5) ** 2 < 0.1, 0.2 * column, 0.3 + 0 * row],
    ]
    drawn = np.stack([np.stack(channels, axis=-1) for channels in planes]).astype(float)
    noise = random.normal(0, [[[[0.02]]], [[[0.1]]], [[[0.05]]]], drawn.shape)
    return np.clip(255 * (drawn + noise), 0, 255).astype(np.uint8)


def grey_pictures(size):
    """The green of `pictures` in all three channels."""
    return np.repeat(pictures(size)[..., 1:2], 3, axis=-1)
