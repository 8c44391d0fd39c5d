"""LitServe with OpenVINO: POST /classify takes the bytes of a photo, GET /livez says whether it is ready.

The argument is what to serve, as JSON. It ends with its standard input.
"""
import json
import os
import signal
import sys
import threading
from typing import Annotated

import cv2
import litserve
import numpy as np
import openvino as ov
from fastapi import Body

TASK = json.loads(sys.argv[1])
SIDE = TASK['side']


class Classifier(litserve.LitAPI):
    def setup(self, device):
        # One photo after the other: its threads would only take the network's cores.
        cv2.setNumThreads(1)
        settings = {
            'INFERENCE_PRECISION_HINT': {'float32': 'f32', 'bfloat16': 'bf16'}[TASK['precision']],
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_NUM_THREADS': TASK['threads'],
            # Every worker would pin itself to the same cores.
            'ENABLE_CPU_PINNING': TASK['workers'] == 1,
        }
        self.request = ov.Core().compile_model(self.from_bytes(), 'CPU', settings).create_infer_request()
        self.run(np.zeros([TASK['batch'], SIDE, SIDE, 3], np.uint8))

    def from_bytes(self):
        """The network with its input's conversion in front, which OpenVINO fuses."""
        form = ov.preprocess.PrePostProcessor(ov.Core().read_model(TASK['network']))
        form.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout('NHWC')).set_shape([-1, SIDE, SIDE, 3])
        form.input().model().set_layout(ov.Layout('NCHW'))
        form.input().preprocess().convert_element_type(ov.Type.f32).mean(TASK['mean']).scale(TASK['scale'])
        return form.build()

    def run(self, pixels):
        self.request.infer([pixels], share_inputs=True)
        return self.request.get_output_tensor().data.copy()

    # Declared as a body of bytes, an upload needs no form and no base64 around it.
    def decode_request(self, request: Annotated[bytes, Body()]):
        pixels = cv2.imdecode(np.frombuffer(request, np.uint8), cv2.IMREAD_COLOR_RGB)
        return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)

    def predict(self, pixels):
        # A single picture comes without a batch's axis, and goes so.
        return self.run(pixels) if pixels.ndim == 4 else self.run(pixels[np.newaxis])[0]

    def encode_response(self, probabilities):
        best = np.argsort(probabilities)[::-1][:TASK['topK']]
        return {'predictions': [{'classId': int(index), 'probability': float(probabilities[index])} for index in best]}


def end_with_input():
    # Not through sys.stdin, whose lock the workers would inherit held, and wait for.
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == '__main__':
    os.setpgrp()
    threading.Thread(target=end_with_input, daemon=True).start()
    classifier = Classifier(max_batch_size=TASK['batch'], batch_timeout=TASK['batchTimeoutMs'] / 1000, api_path='/classify')
    server = litserve.LitServer(
        classifier, accelerator='cpu', devices=1, workers_per_device=TASK['workers'], healthcheck_path='/livez', timeout=False)
    server.run(host='127.0.0.1', port=TASK['port'], log_level='warning', generate_client_file=False)
