"""Classifies images by the Open Inference Protocol over gRPC, with Triton's client: python3 examples/python_tritonclient_grpc.py [IMAGE...]

Needs: pip install "tritonclient[grpc]" numpy, and a service with GRPC_PORT=8001
"""
import os
import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

SERVICE = os.environ.get('XCEPTION_GRPC', 'localhost:8001')
MODEL = os.environ.get('MODEL_NAME', 'xception-cifar10')
TIMEOUT_SECONDS = 60


def classify(client, paths):
    """Gives, for each path, the most probable classes as texts "probability:class:label"."""
    images = []
    for path in paths:
        with open(path, 'rb') as file:
            images.append(file.read())
    tensor = triton.InferInput('image', [len(images)], 'BYTES')
    tensor.set_data_from_numpy(np.array(images, dtype=np.object_))
    output = triton.InferRequestedOutput('probabilities', class_count=3)
    # The service knows this deadline, and refuses at once what it could not answer by then.
    result = client.infer(MODEL, [tensor], outputs=[output], client_timeout=TIMEOUT_SECONDS)
    return [[text.decode() for text in row] for row in result.as_numpy('probabilities')]


def main():
    paths = sys.argv[1:] or ['docs/cat.jpg']
    with triton.InferenceServerClient(SERVICE) as client:
        try:
            for path, texts in zip(paths, classify(client, paths)):
                print(f'{path}: ' + ', '.join(texts))
        except InferenceServerException as error:
            # StatusCode.UNAVAILABLE where trying again after a while makes sense.
            sys.exit(f'{error.status()}: {error.message()}')


if __name__ == '__main__':
    main()
