"""Classifies images by the Open Inference Protocol, with Triton's client: python3 examples/python_tritonclient.py [IMAGE...]

Needs: pip install "tritonclient[http]" numpy
"""
import os
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

SERVICE = os.environ.get('XCEPTION_URL', 'http://localhost:8080')
# The address names the model, and one process serves one.
MODEL = os.environ.get('MODEL_NAME', 'xception-cifar10')
TIMEOUT_SECONDS = 60


def classify(client, paths):
    """Gives, for each path, the most probable classes as texts "probability:class:label"."""
    # Files as they are: the service decodes them, so that their pixels are what the model was trained on.
    images = []
    for path in paths:
        with open(path, 'rb') as file:
            images.append(file.read())
    tensor = triton.InferInput('image', [len(images)], 'BYTES')
    # As binary data, since JSON could only carry text.
    tensor.set_data_from_numpy(np.array(images, dtype=np.object_), binary_data=True)
    # class_count is Triton's extension for classification; without it the output is the probabilities of all classes.
    output = triton.InferRequestedOutput('probabilities', class_count=3)
    texts = client.infer(MODEL, [tensor], outputs=[output]).as_numpy('probabilities')
    return [[text.decode() for text in row] for row in texts]


def main():
    paths = sys.argv[1:] or ['docs/cat.jpg']
    # The client wants the address without its scheme.
    address = SERVICE.removeprefix('http://')
    with triton.InferenceServerClient(address, network_timeout=TIMEOUT_SECONDS, connection_timeout=TIMEOUT_SECONDS) as client:
        try:
            for path, texts in zip(paths, classify(client, paths)):
                print(f'{path}: ' + ', '.join(texts))
        except InferenceServerException as error:
            # The status of a refusal is 503 where trying again after a while makes sense.
            sys.exit(f'{error.status()}: {error.message()}')


if __name__ == '__main__':
    main()
