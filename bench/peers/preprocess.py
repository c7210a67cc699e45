"""What a careful research script does to make the same clips: PyAV for picture and sound, librosa for
MFCCs where it is there (else the same computed with NumPy, which is faster), np.save for the result.

    preprocess.py --probe                 says what it uses
    preprocess.py CLIPS.json JOBS FOLDER  prints the seconds it took, imports not counted
"""

import json
import multiprocessing
import os
import sys
import time

import av
import numpy as np

try:
    import librosa
except ImportError:
    librosa = None

SIZE, RATE, FRAMES = 224, 16000, 256


def decode_picture(path, times):
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        container.seek(int(times[0] / stream.time_base), stream=stream)
        wanted, out, last = list(times), [], None
        for frame in container.decode(stream):
            if frame.time is None:
                continue
            while wanted and last is not None and frame.time > wanted[0] + 1e-3:
                out.append(last)
                wanted.pop(0)
            last = frame
            if not wanted:
                break
        out.extend([last] * len(wanted))
    pictures = []
    for frame in out:
        scale = SIZE / min(frame.width, frame.height)
        width, height = round(frame.width * scale), round(frame.height * scale)
        rgb = frame.to_ndarray(width=width, height=height, format="rgb24", interpolation="BICUBIC")
        left, top = (width - SIZE) // 2, (height - SIZE) // 2
        pictures.append(rgb[top : top + SIZE, left : left + SIZE])
    return np.stack(pictures)


def decode_sound(path, start, end):
    with av.open(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        container.seek(max(0, int((start - 2) / stream.time_base)), stream=stream)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        sound = np.zeros(int((end - start) * RATE), np.float32)
        for frame in container.decode(stream):
            if frame.time is None or frame.time + frame.samples / frame.sample_rate < start:
                continue
            if frame.time > end:
                break
            at = round((frame.time - start) * RATE)
            for piece in resampler.resample(frame):
                values = piece.to_ndarray().reshape(-1)
                if at < 0:
                    values, at = values[-at:], 0
                values = values[: max(0, len(sound) - at)]
                sound[at : at + len(values)] = values
                at += len(values)
    return sound


def mel_bank(transform, bands=26):
    mel = lambda hertz: 1125 * np.log(1 + hertz / 700)
    points = 700 * (np.exp(np.linspace(0, mel(RATE / 2), bands + 2) / 1125) - 1)
    corners = np.floor((transform + 1) * points / RATE).astype(int)
    bank = np.zeros((bands, transform // 2 + 1))
    for i, (low, peak, high) in enumerate(zip(corners, corners[1:], corners[2:])):
        bank[i, low:peak] = np.linspace(0, 1, peak - low, endpoint=False)
        bank[i, peak:high] = np.linspace(1, 0, high - peak, endpoint=False)
    return bank


def mfcc(sound):
    hop = max(1, len(sound) // FRAMES)
    window = int(2.5 * hop)
    transform = max(512, 1 << (window - 1).bit_length())
    if librosa is not None:
        return librosa.feature.mfcc(
            y=sound, sr=RATE, n_mfcc=13, n_mels=26, n_fft=transform, win_length=window, hop_length=hop
        ).T[:FRAMES]
    padded = np.pad(sound, (window // 2, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:FRAMES]
    power = np.abs(np.fft.rfft(frames * np.hamming(window), transform)) ** 2
    logs = np.log(1 + power @ mel_bank(transform).T)
    angles = np.pi * np.outer(np.arange(13), np.arange(26) + 0.5) / 26
    return (2 * logs @ np.cos(angles).T).astype(np.float32)


def make(job):
    number, clip, folder = job
    start, end = clip["span"]
    sound = decode_sound(clip["path"], start, end)
    features = np.zeros((FRAMES, 13), np.float32) if sound is None else mfcc(sound)
    frames = decode_picture(clip["path"], clip["times"])
    np.savez(os.path.join(folder, f"{number}.npz"), frames=frames, mfcc=features)
    return frames.shape[0]


if __name__ == "__main__":
    if sys.argv[1] == "--probe":
        print(f"PyAV {av.__version__}, MFCC by {'librosa' if librosa else 'NumPy'}")
        sys.exit()
    with open(sys.argv[1]) as file:
        clips = json.load(file)
    jobs, folder = int(sys.argv[2]), sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    with multiprocessing.Pool(jobs) as pool:
        pool.map(abs, range(jobs))
        start = time.perf_counter()
        done = pool.map(make, [(i, clip, folder) for i, clip in enumerate(clips)], chunksize=1)
        print(time.perf_counter() - start)
    assert all(frames == 16 for frames in done)
