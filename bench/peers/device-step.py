"""PyTorch's whole pre-training step of VideoMAE on a GPU: device-step.py JOB. One JSON object a line.

Attention by scaled_dot_product_attention, only visible tubelets embedded, fused AdamW: the fastest way that we know of.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

with open(sys.argv[1]) as file:
    job = json.load(file)
c, clips = job["config"], job["clips"]
device = "cuda" if torch.cuda.is_available() else "cpu"


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.proj(mixed)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class VideoMae(nn.Module):
    def __init__(self):
        super().__init__()
        width, narrow = c["width"], c["decoderWidth"]
        values = 3 * c["tubelet"] * c["patch"] ** 2
        tokens = c["frames"] // c["tubelet"] * (c["imageSize"] // c["patch"]) ** 2
        self.embed, self.norm = nn.Linear(values, width), nn.LayerNorm(width, 1e-6)
        self.encoder = nn.Sequential(*(Block(width, c["heads"]) for _ in range(c["depth"])))
        self.narrow = nn.Linear(width, narrow, bias=False)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, narrow))
        self.decoder = nn.Sequential(*(Block(narrow, c["decoderHeads"]) for _ in range(c["decoderDepth"])))
        self.last, self.head = nn.LayerNorm(narrow, 1e-6), nn.Linear(narrow, values)
        self.register_buffer("positions", torch.randn(tokens, width))
        self.register_buffer("narrow_positions", torch.randn(tokens, narrow))

    def forward(self, tubelets, visible, masked):
        x = self.embed(tubelets.gather(1, visible[..., None].expand(-1, -1, tubelets.shape[2])))
        seen = self.narrow(self.norm(self.encoder(x + self.positions[visible])))
        seen = seen + self.narrow_positions[visible]
        hidden = self.mask_token + self.narrow_positions[masked]
        x = self.decoder(torch.cat([seen, hidden], 1))[:, -masked.shape[1]:]
        return self.head(self.last(x))


def tubelets_of(video):
    t, p = c["tubelet"], c["patch"]
    side = c["imageSize"] // p
    cut = video.view(clips, c["frames"] // t, t, side, p, side, p, 3).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return cut.reshape(clips, -1, 3 * t * p * p)


def targets_of(tubelets, masked):
    cut = tubelets.gather(1, masked[..., None].expand(-1, -1, tubelets.shape[2]))
    colours = cut.view(*cut.shape[:2], -1, 3)
    normal = (colours - colours.mean(-2, keepdim=True)) / (colours.var(-2, keepdim=True).sqrt() + 1e-6)
    return normal.view_as(cut)


def measure(mode):
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    model = VideoMae().to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.05, fused=device == "cuda")
    visible, masked = (torch.tensor(job[name], device=device).view(clips, -1) for name in ("visible", "masked"))
    pixels = torch.randint(0, 256, (clips, c["frames"], c["imageSize"], c["imageSize"], 3), dtype=torch.uint8)
    if device == "cuda":
        pixels = pixels.pin_memory()

    def loss_of(video):
        with torch.autocast(device, torch.bfloat16, enabled="bf16" in mode):
            tubelets = tubelets_of(video.float() / 255)
            return F.mse_loss(model(tubelets, visible, masked).float(), targets_of(tubelets, masked))

    compiled = torch.compile(loss_of) if "compile" in mode else loss_of

    def step():
        loss = compiled(pixels.to(device, non_blocking=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(3):
        step()
    steps, start = 0, time.perf_counter()
    while steps < 5 or time.perf_counter() - start < job["seconds"]:
        step()
        steps += 1
    ms = (time.perf_counter() - start) * 1000 / steps
    peak = round(torch.cuda.max_memory_allocated() / 2**20) if device == "cuda" else None
    found = {"mode": mode, "clips": clips, "msPerStep": round(ms, 2), "clipsPerSecond": round(clips * 1000 / ms, 1)}
    print(json.dumps({**found, "peakMiB": peak, "torch": torch.__version__, "device": device}), flush=True)


for mode in ("tf32", "bf16", "compile bf16"):
    try:
        measure(mode)
    except Exception as error:
        print(json.dumps({"mode": mode, "clips": clips, "error": str(error)[:300]}), flush=True)
