"""Writes test/fixtures/torch/containers: what torch.save makes of the same few weights, in every form that is read.

Usage: PYTHONPATH=<folder with torch> python3 scripts/torch-fixtures/containers.py
"""
from collections import OrderedDict
from pathlib import Path

import torch

FOLDER = Path(__file__).parents[2] / 'test' / 'fixtures' / 'torch' / 'containers'


def weights():
    base = torch.arange(24, dtype=torch.float32)
    return OrderedDict([
        ('float32', base.reshape(2, 3, 4) / 8),
        ('float16', (base / 8).half()),
        ('bfloat16', base.bfloat16()),
        ('float64', base.double() / 3),
        ('int64', torch.tensor(7)),
        ('transposed', base.reshape(4, 6).t()),
        ('part', base[5:9]),
        ('channels_last', base.reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last)),
        ('parameter', torch.nn.Parameter(base[:2].clone())),
        ('empty', torch.zeros(0)),
    ])


class Scale(torch.nn.Module):
    """Without modules of PyTorch's own, whose source the older container would hold."""

    def __init__(self, start):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(3.) + start)
        self.register_buffer('seen', torch.tensor(7))


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Scale(1), Scale(4)
        self.name = 'not read'

    def forward(self, x):
        return self.second.weight * (self.first.weight * x)


def checkpoint():
    module = Network()
    optimizer = torch.optim.AdamW(module.parameters())
    module(torch.ones(3)).sum().backward()
    optimizer.step()
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(torch.arange(3) + index)
    return module, {
        'epoch': 3,
        'best': 0.5,
        'device': torch.device('cpu'),
        'path': Path('runs') / 'one',
        'optimizer': optimizer.state_dict(),
        'hyper_parameters': {'lr': 1e-3, 'names': {'a', 'b'}, 'nested': [1, (2, None, True)]},
        'state_dict': OrderedDict((f'model.{name}', tensor) for name, tensor in module.state_dict().items()),
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    module, whole = checkpoint()
    for name, value in {'weights': weights(), 'checkpoint': whole, 'module': module}.items():
        torch.save(value, FOLDER / f'{name}.zip.pth')
        torch.save(value, FOLDER / f'{name}.stream.pth', _use_new_zipfile_serialization=False)
    torch.save(weights(), FOLDER / 'weights.protocol4.pth', pickle_protocol=4)


if __name__ == '__main__':
    main()
