"""VideoMAE's pre-training step in PyTorch, as the original has it: every tubelet is embedded by a Conv3d and
then the visible ones are picked; blocks as in timm; the mean squared error over the masked tokens; AdamW without decay of biases and norms.

    step.py --probe                     says which torch
    step.py CONFIG.json WEIGHTS THREADS plain|sdpa

`plain` is the original to the letter: attention by two products and a softmax, AdamW as it comes. `sdpa` is what PyTorch makes
fastest: scaled_dot_product_attention and the fused AdamW. Takes a step for each line of JSON on stdin.
"""

import json
import math
import resource
import struct
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def sinusoid_table(positions, width):
    angle = torch.arange(positions, dtype=torch.float64)[:, None] / torch.pow(
        torch.tensor(10000.0, dtype=torch.float64), 2 * (torch.arange(width) // 2).double() / width
    )
    table = torch.where(torch.arange(width) % 2 == 0, angle.sin(), angle.cos())
    return table.float()[None]


class Attention(nn.Module):
    def __init__(self, width, heads, fast):
        super().__init__()
        self.heads, self.scale, self.fast = heads, (width // heads) ** -0.5, fast
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias, requires_grad=False), self.v_bias))
        qkv = F.linear(x, self.qkv.weight, bias)
        q, k, v = qkv.reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if self.fast:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = ((q * self.scale) @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, fast):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads, fast)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, c, fast):
        super().__init__()
        size = (c["tubelet"], c["patch"], c["patch"])
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv3d(3, c["width"], kernel_size=size, stride=size)
        self.blocks = nn.ModuleList(Block(c["width"], c["heads"], fast) for _ in range(c["depth"]))
        self.norm = nn.LayerNorm(c["width"], eps=1e-6)

    def forward(self, video, mask, positions):
        x = self.patch_embed.proj(video).flatten(2).transpose(1, 2) + positions
        x = x[~mask].reshape(x.shape[0], -1, x.shape[2])
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Decoder(nn.Module):
    def __init__(self, c, fast):
        super().__init__()
        width = c["decoderWidth"]
        self.blocks = nn.ModuleList(Block(width, c["decoderHeads"], fast) for _ in range(c["decoderDepth"]))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, 3 * c["tubelet"] * c["patch"] ** 2)

    def forward(self, x, count):
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, -count:]))


class VideoMae(nn.Module):
    def __init__(self, c, fast):
        super().__init__()
        self.c, tokens = c, c["frames"] // c["tubelet"] * (c["imageSize"] // c["patch"]) ** 2
        self.encoder = Encoder(c, fast)
        self.encoder_to_decoder = nn.Linear(c["width"], c["decoderWidth"], bias=False)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, c["decoderWidth"]))
        self.decoder = Decoder(c, fast)
        self.encoder_positions = sinusoid_table(tokens, c["width"])
        self.decoder_positions = sinusoid_table(tokens, c["decoderWidth"])

    def forward(self, video, mask):
        seen = self.encoder_to_decoder(self.encoder(video, mask, self.encoder_positions))
        batch, _, width = seen.shape
        positions = self.decoder_positions.expand(batch, -1, -1)
        visible = positions[~mask].reshape(batch, -1, width)
        masked = positions[mask].reshape(batch, -1, width)
        return self.decoder(torch.cat([seen + visible, self.mask_token + masked], dim=1), masked.shape[1])


MEAN = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None, None]
DEVIATION = torch.tensor([0.229, 0.224, 0.225])[None, :, None, None, None]


def targets_of(video, mask, c):
    """The masked tubelets at mean 0 and deviation 1 for each channel, values in the order (frame, y, x, channel)."""
    with torch.no_grad():
        batch, t, p = video.shape[0], c["tubelet"], c["patch"]
        side = c["imageSize"] // p
        cut = (video * DEVIATION + MEAN).reshape(batch, 3, c["frames"] // t, t, side, p, side, p)
        patches = cut.permute(0, 2, 4, 6, 3, 5, 7, 1).reshape(batch, -1, t * p * p, 3)
        normal = (patches - patches.mean(dim=-2, keepdim=True)) / (
            patches.var(dim=-2, unbiased=True, keepdim=True).sqrt() + 1e-6
        )
        return normal.reshape(batch, normal.shape[1], -1)[mask].reshape(batch, -1, 3 * t * p * p)


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(data, dtype=torch.float32, count=math.prod(one["shape"]), offset=one["data_offsets"][0])
        .reshape(one["shape"])
        .clone()
        for name, one in header.items()
    }


def batch_of(c, clips, number, masked):
    """The same clips as bench/step-model.ts makes, as the loader of the original hands them over: normalised, channels first."""
    count = clips * c["frames"] * c["imageSize"] ** 2 * 3
    pixels = ((torch.arange(count) * 7919 + number) % 256).float()
    video = pixels.reshape(clips, c["frames"], c["imageSize"], c["imageSize"], 3).permute(0, 4, 1, 2, 3)
    tokens = c["frames"] // c["tubelet"] * (c["imageSize"] // c["patch"]) ** 2
    mask = torch.zeros(clips, tokens, dtype=torch.bool).scatter_(1, torch.tensor(masked).reshape(clips, -1), True)
    return ((video / 255 - MEAN) / DEVIATION).contiguous(), mask


def serve(config, weights, threads, kind):
    torch.set_num_threads(threads)
    with open(config) as file:
        c = json.load(file)
    model = VideoMae(c, kind == "sdpa")
    model.load_state_dict(read_safetensors(weights), strict=True)
    model.train()
    decayed = [p for n, p in model.named_parameters() if p.ndim > 1 and not n.endswith("mask_token")]
    plain = [p for n, p in model.named_parameters() if p.ndim <= 1 or n.endswith("mask_token")]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    fused = {"fused": True} if kind == "sdpa" else {}
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, **fused)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters())}), flush=True)

    def step(asked):
        video, mask = batch_of(c, asked["clips"], asked["number"], asked["masked"])
        for group in optimizer.param_groups:
            group["lr"] = asked["lr"]
        start, used = time.perf_counter(), time.process_time()
        loss = F.mse_loss(model(video, mask), targets_of(video, mask, c))
        value = loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ms, cpu = (time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"ms": ms, "cpuMs": cpu, "loss": value, "rss": rss}

    def profile(asked):
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
            step(asked)
        kinds = [(one.key, one.count, one.self_cpu_time_total / 1000) for one in seen.key_averages()]
        return [{"name": name, "calls": calls, "ms": ms} for name, calls, ms in sorted(kinds, key=lambda one: -one[2])]

    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(profile(asked) if asked["profile"] else step(asked)), flush=True)


if sys.argv[1] == "--probe":
    print(f"torch {torch.__version__}")
else:
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
