"""An engine that Python has, on an ONNX model.

The first line of standard input says which; each further line how large a batch is to be run how often. Answers are JSON lines.
"""
import json
import sys
import time
from importlib.metadata import version

import numpy as np


def openvino(task):
    import openvino as ov
    settings = {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_NUM_THREADS': task['threads']}
    # What a quantized network leaves in floating point is OpenVINO's choice.
    if task['precision'] != 'int8':
        settings['INFERENCE_PRECISION_HINT'] = {'float32': 'f32', 'bfloat16': 'bf16'}[task['precision']]
    request = ov.Core().compile_model(task['network'], 'CPU', settings).create_infer_request()

    def run(pixels):
        request.infer([pixels], share_inputs=True)
        return request.get_output_tensor().data.copy()
    return f'OpenVINO {version("openvino")}', run


def onnxruntime(task):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = task['threads']
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(task['network'], options, providers=['CPUExecutionProvider'])
    return f'ONNX Runtime {ort.__version__} in Python', lambda pixels: session.run(None, {'pixels': pixels})[0]


def main():
    task = json.loads(sys.stdin.readline())
    pixels = np.fromfile(task['pixels'], np.float32).reshape([-1, *task['shape']])
    name, run = {'openvino': openvino, 'onnxruntime': onnxruntime}[task['engine']](task)
    print(json.dumps(name), flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        batch = pixels[:wanted['batch']]
        milliseconds = []
        for _ in range(wanted['repeats']):
            started = time.perf_counter()
            output = run(batch)
            milliseconds.append(1000 * (time.perf_counter() - started))
        print(json.dumps({'milliseconds': milliseconds, 'probabilities': output.ravel().tolist()}), flush=True)


main()
