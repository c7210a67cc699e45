"""A device for tests: XLA on the CPU, as jaxlib brings it, told over a pipe what to do.

A message is four bytes that say how long its JSON is, the JSON, and as many bytes as its "bytes" says.
"""
import json
import os
import struct
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Programs of tests run a few times: compiling them takes far longer than running them.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

import jax
import numpy as np
from jaxlib import xla_client

TYPES = {"f32": np.float32, "i32": np.int32, "ui8": np.uint8, "i1": np.bool_}

device = jax.devices("cpu")[0]
devices = xla_client.DeviceList((device,))
tensors, programs, pending = {}, {}, []


def reply(message, payload=b""):
    text = json.dumps({**message, "bytes": len(payload)}).encode()
    sys.stdout.buffer.write(struct.pack("<I", len(text)) + text + payload)
    sys.stdout.buffer.flush()


def handle(message, payload):
    op, name = message["op"], message.get("id")
    if op == "upload":
        values = np.frombuffer(payload, TYPES[message["type"]]).reshape(message["shape"])
        tensors[name] = jax.device_put(values, device)
    elif op == "compile":
        programs[name] = device.client.compile_and_load(payload, devices, xla_client.CompileOptions())
        reply({"seq": message["seq"]})
    elif op == "run":
        results = programs[name].execute_sharded([tensors[one] for one in message["given"]])
        arrays = [shards[0] for shards in results.disassemble_into_single_device_arrays()]
        tensors.update(zip(message["results"], arrays))
    elif op == "read":
        array = np.ascontiguousarray(np.asarray(tensors[name]))
        reply({"seq": message["seq"]}, array.tobytes())
    elif op == "free":
        tensors.pop(name, None)
    elif op == "alive":
        reply({"seq": message["seq"], "tensors": len(tensors), "donated": sum(one.is_deleted() for one in tensors.values())})


while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    message = json.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
    payload = sys.stdin.buffer.read(message.get("bytes", 0))
    try:
        if pending and "seq" in message:
            raise RuntimeError(pending.pop())
        handle(message, payload)
    except Exception as error:  # told to who waits next
        if "seq" in message:
            reply({"seq": message["seq"], "error": str(error)})
        else:
            pending.append(str(error))
