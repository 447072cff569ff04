# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that results depend on besides their inputs: the model, what belongs to
it, and those that properties name."""
import hashlib
import os

# As the engine looks for them beside a model.
LABELS = (
    'labels.txt', 'synset_words.txt', 'classes.txt', 'imagenet_classes.txt',
    'imagenet1000_clsidx_to_labels.txt', 'categories_places365.txt',
    'labels.json', 'class_to_idx.json', 'imagenet_class_index.json')
NAMING = '.index.json', '.onnx'  # may name others that hold the weights


def hash_file(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def stamp(path):
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def find_beside(model):
    """Names of files in its folder that may belong to it: shards, external
    data, labels, means."""
    text = b''
    if model.endswith(NAMING):
        with open(model, 'rb') as file:
            text = file.read()
    with os.scandir(os.path.dirname(model) or '.') as entries:
        names = sorted(entry.name for entry in entries if entry.is_file())
    return [name for name in names
            if name != os.path.basename(model) and (
                name in LABELS or
                name.endswith('.binaryproto') and 'mean' in name or
                os.fsencode(name) in text)]


class Files:
    """hashes  of all but the model, by property or name
    model   the model's hash
    """

    def __init__(self, model, by_property):
        folder = os.path.dirname(model)
        paths = by_property | {name: os.path.join(folder, name)
                               for name in find_beside(model)}
        self.stamps = {path: stamp(path) for path in [model, *paths.values()]}
        self.hashes = {name: hash_file(path) for name, path in paths.items()}
        self.model = hash_file(model)

    def check(self):
        """OSError once one is gone or another: results would be of that."""
        for path, first in self.stamps.items():
            try:
                same = stamp(path) == first
            except FileNotFoundError:
                same = False
            if not same:
                raise OSError(f'{path}: is not the file that it was at first')
