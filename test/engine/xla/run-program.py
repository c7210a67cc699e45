"""Runs a StableHLO program with XLA on the CPU: run-program.py FOLDER.

FOLDER holds program.mlir, data.bin and job.json; the results of all steps go to results.bin.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Programs of tests run a few times: compiling them takes far longer than running them.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

import jax
import numpy as np
from jaxlib import xla_client

folder = sys.argv[1]
with open(f"{folder}/job.json") as file:
    job = json.load(file)
with open(f"{folder}/program.mlir") as file:
    program = file.read()
with open(f"{folder}/data.bin", "rb") as file:
    data = file.read()

device = jax.devices("cpu")[0]
devices = xla_client.DeviceList((device,))
executable = device.client.compile_and_load(program, devices, xla_client.CompileOptions())

TYPES = {"f32": np.float32, "i32": np.int32, "ui8": np.uint8, "i1": np.bool_}


def load(entry):
    shape = tuple(entry["shape"])
    values = np.frombuffer(data, TYPES[entry["type"]], count=int(np.prod(shape)), offset=entry["offset"])
    return jax.device_put(values.reshape(shape), device)


held = {}
with open(f"{folder}/results.bin", "wb") as file:
    for step in job["steps"]:
        for name, entry in step.items():
            held[name] = load(entry)
        results = executable.execute_sharded([held[name] for name in job["arguments"]])
        arrays = [shards[0] for shards in results.disassemble_into_single_device_arrays()]
        for name, index in job["donated"].items():
            # What is donated is gone; the result has its memory.
            assert held[name].is_deleted(), f"{name} was donated and is still there"
            held[name] = arrays[index]
        for array in arrays:
            file.write(np.ascontiguousarray(np.asarray(array)).tobytes())
