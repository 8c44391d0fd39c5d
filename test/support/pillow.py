"""Decodes the photos of a tar archive and resizes them to 299x299 with Pillow's bicubic kernel, as Keras users do: raw RGB bytes."""
import io
import sys
import tarfile

from PIL import Image

with tarfile.open(sys.argv[1]) as archive:
    for member in archive:
        if member.isfile():
            photo = Image.open(io.BytesIO(archive.extractfile(member).read())).convert('RGB')
            sys.stdout.buffer.write(photo.resize((299, 299), Image.BICUBIC).tobytes())
