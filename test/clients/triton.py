"""Asks the server at sys.argv[1] with Triton's own HTTP client and prints what it got, as JSON. sys.argv[2] is an image file."""
import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

MODEL = 'xception-cifar10'
OUTPUT = 'probabilities'

client = triton.InferenceServerClient(sys.argv[1].removeprefix('http://'), network_timeout=60, connection_timeout=60)


def tensor(name, values, datatype, binary):
    made = triton.InferInput(name, list(values.shape), datatype)
    return made.set_data_from_numpy(values, binary_data=binary)


def probabilities(made, binary_output=True, **options):
    outputs = [triton.InferRequestedOutput(OUTPUT, binary_data=binary_output)]
    return client.infer(MODEL, [made], outputs=outputs, **options).as_numpy(OUTPUT).tolist()


def refusal(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return None


with open(sys.argv[2], 'rb') as file:
    image = tensor('image', np.array([file.read()], dtype=np.object_), 'BYTES', binary=True)
metadata = client.get_model_metadata(MODEL)
_, *shape = metadata['inputs'][1]['shape']
pixels = np.random.default_rng(1).integers(0, 256, [2, *shape], dtype=np.uint8)
values = (pixels / 127.5 - 1).astype(np.float32)
many_outputs = client.infer(MODEL, [image], request_id='mine', outputs=[
    triton.InferRequestedOutput(OUTPUT, class_count=2),
    triton.InferRequestedOutput('features', binary_data=False),
    triton.InferRequestedOutput('feature_map')
])

print(json.dumps({
    'ready': [client.is_server_live(), client.is_server_ready(), client.is_model_ready(MODEL), client.is_model_ready('other')],
    'server': client.get_server_metadata()['name'],
    'inputs': [one['name'] for one in metadata['inputs']],
    'image': probabilities(image),
    'image_by_default': client.infer(MODEL, [image], model_version='1').as_numpy(OUTPUT).tolist(),
    'image_compressed': [probabilities(image, request_compression_algorithm=one) for one in ('gzip', 'deflate')],
    'pixels': [
        probabilities(tensor('pixels', data, datatype, binary), binary_output)
        for data, datatype in ((pixels, 'UINT8'), (values, 'FP32'))
        for binary in (True, False)
        for binary_output in (True, False)
    ],
    'id': many_outputs.get_response()['id'],
    'labels': [text.decode() for text in many_outputs.as_numpy(OUTPUT)[0]],
    'shapes': [list(many_outputs.as_numpy(name).shape) for name in ('features', 'feature_map')],
    'unknown_model': refusal(lambda: client.infer('other', [image])),
    'wrong_shape': refusal(lambda: client.infer(MODEL, [tensor('pixels', pixels[:, 1:], 'UINT8', binary=True)])),
    'no_config': refusal(lambda: client.get_model_config(MODEL))
}))
