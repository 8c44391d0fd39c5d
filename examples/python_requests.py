"""Classifies images, many in one request: python3 examples/python_requests.py [IMAGE...]

Needs: pip install requests
"""
import os
import sys
from contextlib import ExitStack

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

SERVICE = os.environ.get('XCEPTION_URL', 'http://localhost:8080')
# What the service takes by default: MAX_IMAGES_PER_REQUEST.
IMAGES_PER_REQUEST = 32
TIMEOUT_SECONDS = 60

# urllib3 waits as long as Retry-After says. It would not repeat a POST by itself, but asking twice does no harm here.
RETRY = Retry(total=5, status_forcelist=[429, 503], allowed_methods=['POST'], backoff_factor=0.5, raise_on_status=False)


def classify(session, paths):
    """Gives a result for each path, in that order: its predictions, or its error."""
    with ExitStack() as stack:
        files = [('image', stack.enter_context(open(path, 'rb'))) for path in paths]
        # listErrors: an image that fails has its error in its place, even if it is the only one of the request.
        response = session.post(
            f'{SERVICE}/classify', params={'topK': 3, 'listErrors': 'true'}, files=files, timeout=TIMEOUT_SECONDS
        )
    reply = response.json()
    if not response.ok:
        sys.exit(f"{reply['code']}: {reply['detail']}")
    return reply['results']


def main():
    paths = sys.argv[1:] or ['docs/cat.jpg']
    failed = False
    # A session keeps its connection for the next request.
    with requests.Session() as session:
        session.mount(SERVICE, HTTPAdapter(max_retries=RETRY))
        for start in range(0, len(paths), IMAGES_PER_REQUEST):
            some = paths[start:start + IMAGES_PER_REQUEST]
            for path, result in zip(some, classify(session, some)):
                if 'error' in result:
                    failed = True
                    print(f"{path}: {result['error']['code']}: {result['error']['detail']}", file=sys.stderr)
                    continue
                print(f'{path}: ' + ', '.join(f"{one['label']} {one['probability']:.1%}" for one in result['predictions']))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
