"""Training steps with PyTorch. The task is the first line of standard input, each further line a number of steps; answers are JSON lines."""
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def same(side, size, stride):
    total = max(0, (-(-side // stride) - 1) * stride + size - side)
    return total // 2, total - total // 2


class Network(nn.Module):
    """The layers of a network as this project states them, `layers` of model.json, with the shapes that they give."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers
        self.parts = nn.ModuleDict()
        shapes = {}
        for layer in layers:
            name, operation = layer['name'], layer['operation']
            shapes[name] = layer['outputShape']
            if layer['inputs']:
                layer['read'] = shapes[layer['inputs'][0]]
                part = self.part(operation, layer['read'][-1])
                if part is not None:
                    self.parts[name.replace('.', '_')] = part

    def part(self, operation, channels):
        kind = operation['kind']
        bias = operation.get('bias', False)
        if kind == 'convolution':
            return nn.Conv2d(channels, operation['filters'], operation['kernel'], operation['strides'], bias=bias)
        if kind == 'depthwiseConvolution':
            return nn.Conv2d(channels, channels, operation['kernel'], operation['strides'], groups=channels, bias=bias)
        if kind == 'separableConvolution':
            depthwise = nn.Conv2d(channels, channels, operation['kernel'], operation['strides'], groups=channels, bias=False)
            return nn.ModuleList([depthwise, nn.Conv2d(channels, operation['filters'], 1, bias=bias)])
        if kind == 'batchNormalization':
            return nn.BatchNorm2d(channels, eps=operation['epsilon'], momentum=0.1)
        if kind == 'dense':
            return nn.Linear(channels, operation['units'], bias=bias)
        return None

    def forward(self, pixels):
        values = {}
        for layer in self.layers:
            name, operation = layer['name'], layer['operation']
            inputs = [values[one] for one in layer['inputs']]
            part = self.parts[name.replace('.', '_')] if name.replace('.', '_') in self.parts else None
            values[name] = self.apply_layer(layer, operation, inputs, part) if inputs else pixels
        return values[self.layers[-1]['name']]

    def apply_layer(self, layer, operation, inputs, part):
        kind = operation['kind']
        value = inputs[0]
        if kind in ('convolution', 'depthwiseConvolution'):
            return part(self.padded(value, layer, operation['kernel'], operation))
        if kind == 'separableConvolution':
            return part[1](part[0](self.padded(value, layer, operation['kernel'], operation)))
        if kind in ('batchNormalization', 'dense'):
            return part(value)
        if kind == 'maxPooling':
            return F.max_pool2d(self.padded(value, layer, operation['size'], operation, -65504.), operation['size'], operation['strides'])
        if kind == 'globalAveragePooling':
            return value.mean((2, 3))
        if kind == 'add':
            return inputs[0] + inputs[1]
        if kind == 'activation':
            function = operation['activation']['function']
            return {'relu': F.relu, 'elu': F.elu, 'softmax': lambda logits: logits}[function](value)
        raise ValueError(f'PyTorch is not built from {kind}')

    def padded(self, value, layer, size, operation, filled=0.):
        if operation['padding'] == 'valid':
            return value
        (top, bottom), (left, right) = (same(layer['read'][axis], size[axis], operation['strides'][axis]) for axis in (0, 1))
        return value if top + bottom + left + right == 0 else F.pad(value, (left, right, top, bottom), value=filled)


def main():
    task = json.loads(sys.stdin.readline())
    torch.manual_seed(0)
    torch.set_num_threads(task['threads'])
    torch.set_flush_denormal(True)
    batch, side, classes = task['batch'], task['side'], task['classes']
    network = Network(task['layers']).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    pixels = torch.rand(batch, 3, side, side).mul(2).sub(1).to(memory_format=torch.channels_last)
    labels = torch.arange(batch) % classes
    print(json.dumps(torch.__version__), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            started = time.perf_counter()
            with torch.autocast('cpu', dtype=torch.bfloat16, enabled=task['precision'] == 'bfloat16'):
                logits = network(pixels)
            loss = F.cross_entropy(logits.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
            times.append(1000 * (time.perf_counter() - started))
        print(json.dumps(times), flush=True)


main()
