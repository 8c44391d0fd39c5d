"""Quantizes an ONNX model as ONNX Runtime's guide for CPUs with VNNI has it: QDQ, one scale a channel, calibrated on the first pictures.

Arguments: the model, where the quantized one goes, a file of float32 pictures, the shape of one picture.
"""
import sys
import tempfile

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

CALIBRATION_BATCHES = 4
BATCH = 2


class Pictures(CalibrationDataReader):
    def __init__(self, pixels):
        self.batches = iter([{'pixels': pixels[index * BATCH:(index + 1) * BATCH]} for index in range(CALIBRATION_BATCHES)])

    def get_next(self):
        return next(self.batches, None)


def main():
    model, quantized, pictures, shape = sys.argv[1:]
    pixels = np.fromfile(pictures, np.float32).reshape([-1, *map(int, shape.split(','))])
    with tempfile.TemporaryDirectory() as folder:
        prepared = f'{folder}/prepared.onnx'
        quant_pre_process(model, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared, quantized, Pictures(pixels), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


main()
