"""
Asks the server at sys.argv[1] with Triton's own gRPC client and prints what it got, as JSON. sys.argv[2] is an image file.
With sys.argv[3], the address of the metrics, a call that waits is cancelled instead.
"""
import json
import re
import sys
import time
import urllib.request

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

MODEL = 'xception-cifar10'
OUTPUT = 'probabilities'
CLIENT_TIMEOUT = 60
POLL_INTERVAL = 0.05

client = triton.InferenceServerClient(sys.argv[1])


def tensor(name, values, datatype):
    return triton.InferInput(name, list(values.shape), datatype).set_data_from_numpy(values)


def probabilities(made, **options):
    return client.infer(MODEL, [made], client_timeout=CLIENT_TIMEOUT, **options).as_numpy(OUTPUT).tolist()


def refusal(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return None


def queue_length(url):
    with urllib.request.urlopen(url) as response:
        return float(re.search(r'^xception_queue_length (\S+)$', response.read().decode(), re.MULTILINE)[1])


def wait_for(length, url):
    while queue_length(url) != length:
        time.sleep(POLL_INTERVAL)
    return length


with open(sys.argv[2], 'rb') as file:
    image = tensor('image', np.array([file.read()], dtype=np.object_), 'BYTES')

if len(sys.argv) > 3:
    errors = []
    call = client.async_infer(MODEL, [image], lambda result, error: errors.append(error))
    waiting = wait_for(1, sys.argv[3])
    call.cancel()
    left = wait_for(0, sys.argv[3])
    while not errors:
        time.sleep(POLL_INTERVAL)
    print(json.dumps({'waiting': waiting, 'left': left, 'status': errors[0].status()}))
    sys.exit()

metadata = client.get_model_metadata(MODEL, as_json=True)
shape = [int(size) for size in metadata['inputs'][1]['shape'][1:]]
pixels = np.random.default_rng(1).integers(0, 256, [2, *shape], dtype=np.uint8)
values = (pixels / 127.5 - 1).astype(np.float32)
many_outputs = client.infer(MODEL, [image], request_id='mine', outputs=[
    triton.InferRequestedOutput(OUTPUT, class_count=2),
    triton.InferRequestedOutput('features'),
    triton.InferRequestedOutput('feature_map')
])

print(json.dumps({
    'ready': [client.is_server_live(), client.is_server_ready(), client.is_model_ready(MODEL), client.is_model_ready('other')],
    'server': client.get_server_metadata().name,
    'inputs': [one['name'] for one in metadata['inputs']],
    'image': probabilities(image),
    'image_compressed': [probabilities(image, compression_algorithm=one) for one in ('gzip', 'deflate')],
    'pixels': [probabilities(tensor('pixels', pixels, 'UINT8')), probabilities(tensor('pixels', values, 'FP32'))],
    'id': many_outputs.get_response().id,
    'labels': [text.decode() for text in many_outputs.as_numpy(OUTPUT)[0]],
    'shapes': [list(many_outputs.as_numpy(name).shape) for name in ('features', 'feature_map')],
    'unknown_model': refusal(lambda: client.infer('other', [image])),
    'wrong_shape': refusal(lambda: client.infer(MODEL, [tensor('pixels', pixels[:, 1:], 'UINT8')])),
    'no_config': refusal(lambda: client.get_model_config(MODEL))
}))
