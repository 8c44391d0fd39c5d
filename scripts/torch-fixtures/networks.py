"""PyTorch's Xceptions with weights whose batch statistics come from pictures, and what they answer.

Usage: PYTHONPATH=<folder with torch and timm> python3 scripts/torch-fixtures/networks.py small|full [FOLDER]
"""
import json
import sys
from collections import OrderedDict
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import timm
import torch
from timm.models.xception_aligned import XceptionAligned
from torch import nn

# timm.models.xception is a function.
legacy = import_module('timm.models.xception')

ROOT = Path(__file__).parents[2]
SIDE = 80
EPSILON = {'xception41p': 1e-5}
MIDDLE = {'xception41': 8, 'xception65': 16, 'xception71': 16, 'xception41p': 8, 'xception65p': 16}


class ThinLegacy(legacy.Xception):
    """timm's legacy_xception, which has its widths in its code, with an eighth of them or less."""

    def __init__(self, num_classes, classifier):
        super().__init__(num_classes=num_classes)
        a, b, c, d, e, f = 8, 12, 16, 20, 24, 28
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 3, 2, 0, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.block1 = legacy.Block(8, a, 2, 2, start_with_relu=False)
        self.block2 = legacy.Block(a, b, 2, 2)
        self.block3 = legacy.Block(b, c, 2, 2)
        for index in range(4, 12):
            setattr(self, f'block{index}', legacy.Block(c, c, 3, 1))
        self.block12 = legacy.Block(c, d, 2, 2, grow_first=False)
        self.conv3, self.bn3 = legacy.SeparableConv2d(d, e, 3, 1, 1), nn.BatchNorm2d(e)
        self.conv4, self.bn4 = legacy.SeparableConv2d(e, f, 3, 1, 1), nn.BatchNorm2d(f)
        self.fc = classifier(f, num_classes)


def thin_aligned(name):
    entry = [(8, 2), (12, 2), (16, 2)] if name != 'xception71' else [(8, 2), (12, 1), (12, 2), (16, 1), (16, 2)]
    blocks, channels, preact = [], 64, name.endswith('p')
    for out, stride in entry:
        blocks.append(dict(in_chs=channels, out_chs=out, stride=stride))
        channels = out
    blocks += [dict(in_chs=16, out_chs=16, stride=1) for _ in range(MIDDLE[name])]
    blocks.append(dict(in_chs=16, out_chs=(16, 20, 20), stride=2))
    last = dict(in_chs=20, out_chs=(24, 24, 28), stride=1, no_skip=True)
    blocks.append(last if preact else dict(last, start_with_relu=False))
    return XceptionAligned(blocks, num_classes=5, preact=preact, norm_layer=partial(nn.BatchNorm2d, eps=EPSILON.get(name, 1e-3)))


def with_statistics(model, pictures, seed=1):
    """Draws weights that keep signals alive, and has every batch normalization take the mean and variance of pictures."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            fan_in = parameter[0].numel()
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5)
        else:
            start = 1. if name.endswith('weight') else 0.
            parameter.data.copy_(start + 0.2 * torch.randn(parameter.shape, generator=generator))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    with torch.no_grad():
        model(pictures)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            # Channels that hardly vary would amplify rounding, which differs from machine to machine.
            module.running_var.clamp_(min=module.running_var.mean())
    model.eval()
    return model


def logits_apart(model, pictures, classifier):
    """Scales the classifier, so that probabilities are neither equal nor 1."""
    with torch.no_grad():
        classifier.bias.mul_(0)
        classifier.weight.mul_(0.7 / model(pictures).square().mean().sqrt())


def half(model):
    model.load_state_dict({name: value.half().float() if value.is_floating_point() else value for name, value in model.state_dict().items()})
    return model


def halves(state):
    return OrderedDict((name, value.half() if value.is_floating_point() else value) for name, value in state.items())


def pictures_of(path, side):
    numbers = np.fromfile(path, np.uint8).reshape(-1, side, side, 3)
    return torch.from_numpy(numbers).permute(0, 3, 1, 2).float() / 127.5 - 1


def answers(model, pictures):
    with torch.no_grad():
        logits = model.double()(pictures.double())
    return (logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)).double().tolist()


def small():
    folder = ROOT / 'test' / 'fixtures' / 'torch' / 'networks'
    folder.mkdir(parents=True, exist_ok=True)
    pictures = pictures_of(ROOT / 'test' / 'fixtures' / 'keras' / f'pictures-{SIDE}.u8', SIDE)
    expected = {}

    def add(name, model, classifier, wrap):
        model = with_statistics(model, pictures)
        logits_apart(model, pictures, classifier)
        model = half(model)
        torch.save(wrap(halves(model.state_dict())), folder / f'{name}.pth', _use_new_zipfile_serialization=name != 'cadene')
        expected[name] = answers(model, pictures)

    def matrices(state):
        """As Cadene's first file has them, under the name of the classifier that he has, wrapped by DataParallel."""
        named = OrderedDict((f"module.{key.replace('fc.', 'last_linear.')}", value) for key, value in state.items())
        return OrderedDict((key, value[:, :, 0, 0].clone() if 'pointwise' in key else value) for key, value in named.items())

    def forensics(state):
        """As DeepfakeBench saves a detector, with a part of it that its forward pass does not read."""
        named = OrderedDict((f"backbone.{key.replace('fc.', 'last_linear.')}", value) for key, value in state.items())
        named['backbone.adjust_channel.0.weight'] = torch.zeros(4, 28, 1, 1)
        return named

    def dropout(inputs, outputs):
        return nn.Sequential(nn.Dropout(0.5), nn.Linear(inputs, outputs))

    model = ThinLegacy(5, nn.Linear)
    add('legacy_xception', model, model.fc, lambda state: state)
    model = ThinLegacy(5, nn.Linear)
    add('cadene', model, model.fc, matrices)
    model = ThinLegacy(2, dropout)
    add('faceforensics', model, model.fc[1], lambda state: {'epoch': 1, 'state_dict': forensics(state)})
    model = ThinLegacy(1, nn.Linear)
    add('deepfakebench', model, model.fc, forensics)
    for name in MIDDLE:
        model = thin_aligned(name)
        add(name, model, model.head.fc, lambda state: {'model': state})
    (folder / 'expected.json').write_text(json.dumps({
        name: [[round(number, 8) for number in row] for row in rows] for name, rows in expected.items()
    }))


def full(folder):
    """What timm itself has, with 1000 classes, as a repository of each: config.json beside model.safetensors."""
    from safetensors.torch import save_file
    folder = Path(folder)
    side = 299
    generator = torch.Generator().manual_seed(2)
    base = torch.rand((8, 3, 24, 24), generator=generator)
    pictures = torch.nn.functional.interpolate(base, (side, side), mode='bicubic').clamp(0, 1).mul(255).round()
    for name in ['legacy_xception', *MIDDLE]:
        model = timm.create_model(name)
        path = folder / name
        path.mkdir(parents=True, exist_ok=True)
        inputs = pictures / 127.5 - 1
        model = with_statistics(model, inputs)
        logits_apart(model, inputs, model.get_classifier())
        save_file(model.state_dict(), path / 'model.safetensors')
        cfg = {key: value for key, value in model.pretrained_cfg.items() if isinstance(value, (str, int, float, list, tuple, bool))}
        (path / 'config.json').write_text(json.dumps({'architecture': name, 'num_classes': 1000, 'pretrained_cfg': cfg}))
        pictures.permute(0, 2, 3, 1).byte().numpy().tofile(path / 'pictures.u8')
        np.array(answers(model, inputs), np.float32).tofile(path / 'probabilities.f32')
        print(name, flush=True)


if __name__ == '__main__':
    torch.set_num_threads(1)
    if sys.argv[1] == 'small':
        small()
    else:
        full(sys.argv[2])
