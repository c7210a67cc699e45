"""Peers of bench/cache: py-lmdb into a stacked NumPy batch, and PyTorch's DataLoader over it.

    cache.py probe                      names of the peers that can run here, one a line
    cache.py make RAW LMDB SAMPLES      makes their database
    cache.py PEER LMDB SAMPLES          prints samples a second, the start not counted
"""

import random
import sys
import time

BATCH, SIZE = 32, 16 * 224 * 224 * 3

import lmdb
import numpy as np


def environment(path):
    return lmdb.open(path, readonly=True, lock=False, readahead=False, subdir=False)


def order(samples):
    indices = list(range(samples))
    random.Random(1).shuffle(indices)
    return indices


def py_lmdb(path, samples):
    """One process, no checksum: each record is copied into its row of the batch."""
    with environment(path) as env, env.begin(buffers=True) as reading:
        batch = np.ones((BATCH, SIZE), np.uint8)
        start = time.perf_counter()
        for i, number in enumerate(order(samples)):
            batch[i % BATCH] = np.frombuffer(reading.get(b"%08d" % number), np.uint8)
        return samples / (time.perf_counter() - start)


def loader(path, samples, workers):
    import torch

    class Clips(torch.utils.data.Dataset):
        env = None

        def __len__(self):
            return samples + BATCH

        def __getitem__(self, index):
            if self.env is None:
                self.env = environment(path)
            with self.env.begin(buffers=True) as reading:
                value = reading.get(b"%08d" % (index % samples))
                return torch.from_numpy(np.frombuffer(value, np.uint8).copy())

    indices = order(samples)
    indices = indices[:BATCH] + indices
    batches = iter(torch.utils.data.DataLoader(Clips(), BATCH, sampler=indices, num_workers=workers))
    next(batches)
    start = time.perf_counter()
    count = sum(len(batch) for batch in batches)
    return count / (time.perf_counter() - start)


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "probe":
        print("py-lmdb")
        try:
            import torch

            print("DataLoader, one process", "DataLoader, two workers", sep="\n")
        except ImportError:
            pass
    elif command == "make":
        raw, path, samples = arguments
        with lmdb.open(path, map_size=1 << 40, subdir=False, sync=False) as env, open(raw, "rb") as file:
            for number in range(int(samples)):
                with env.begin(write=True) as writing:
                    writing.put(b"%08d" % number, file.read(SIZE))
    else:
        path, samples = arguments[0], int(arguments[1])
        if command == "py-lmdb":
            print(py_lmdb(path, samples))
        else:
            print(loader(path, samples, 2 if "two" in command else 0))
