"""Decodes JPEGs: libjpeg-turbo alone, whole pictures, or OpenCV as others use it, resized. Each line of standard input is a question."""
import json
import resource
import sys
from importlib.metadata import version

import cv2
import numpy as np
import simplejpeg

cv2.setNumThreads(1)


def cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1000


def with_opencv(size):
    def decode(file):
        picture = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
        return cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR)
    return decode


def main():
    names = [f'libjpeg-turbo alone (simplejpeg {version("simplejpeg")})', f'OpenCV {cv2.__version__}, not antialiased']
    for line in sys.stdin:
        task = json.loads(line)
        files = []
        for path in task['files']:
            with open(path, 'rb') as file:
                files.append(file.read())
        figures = {}
        for name, decode in zip(names, [simplejpeg.decode_jpeg, with_opencv(task['size'])]):
            for file in files:
                decode(file)
            before = cpu_ms()
            for _ in range(task['passes']):
                for file in files:
                    decode(file)
            figures[name] = (cpu_ms() - before) / task['passes'] / len(files)
        print(json.dumps(figures), flush=True)


main()
