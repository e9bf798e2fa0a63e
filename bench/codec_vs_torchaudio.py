# SPDX-License-Identifier: GPL-3.0-or-later
"""image-to-audio side by side: riffle's codec_bench and torchaudio as Riffusion runs it, in turn, same threads.

usage: codec_vs_torchaudio.py CODEC_BENCH [PICTURE...]
Needs python3-torchaudio (0.13), python3-numpy, python3-pil.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import wave

import numpy as np
import torch
import torchaudio
from PIL import Image

RATE, N_FFT, WIN, HOP = 44100, 17640, 4410, 441


def load(path):
    levels = np.asarray(Image.open(path).convert("RGB")).astype(np.float32)[::-1]
    planes = [levels[..., 1], levels[..., 2]] if (levels[..., 0] == 0).all() else [levels[..., 0]]
    return np.stack([((255 - p) / 255) ** 4 * 30e6 for p in planes])


def torchaudio_decode(path, wav):
    """The peer's whole job: picture file to sound file. The transforms are made anew, as the original does."""
    start = time.perf_counter()
    mel = torch.from_numpy(load(path).copy())
    inverse = torchaudio.transforms.InverseMelScale(
        n_stft=N_FFT // 2 + 1, n_mels=mel.shape[1], sample_rate=RATE, f_min=0, f_max=10000, max_iter=200,
        tolerance_loss=1e-5, tolerance_change=1e-8, norm=None, mel_scale="htk")
    griffin_lim = torchaudio.transforms.GriffinLim(
        n_fft=N_FFT, n_iter=32, win_length=WIN, hop_length=HOP, power=1.0, momentum=0.99, rand_init=True)
    sound = griffin_lim(inverse(mel)).numpy()
    sound *= 32767 / np.abs(sound).max()
    with wave.open(wav, "wb") as out:
        out.setnchannels(sound.shape[0])
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.ascontiguousarray(sound.T).astype("<i2").tobytes())
    return time.perf_counter() - start


def main():
    bench, pictures = sys.argv[1], sys.argv[2:]
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    print(f"{threads} threads, torch {torch.__version__}, torchaudio {torchaudio.__version__}")
    print(f"{'picture':28} {'riffle':>9} {'torchaudio':>11} {'ratio':>7}   convergence: riffle, torchaudio, ratio   riffle's FFT share")
    speed, quality = [], []
    with tempfile.TemporaryDirectory() as folder:
        if not pictures:
            subprocess.run([bench, "--make", os.path.join(folder, "tune.png")], check=True)
            pictures = [os.path.join(folder, "tune.png")]
        for picture in pictures:
            wav = os.path.join(folder, "peer.wav")
            ours = json.loads(subprocess.run([bench, picture], check=True, capture_output=True, text=True).stdout)
            peer_s = torchaudio_decode(picture, wav)
            again = json.loads(subprocess.run([bench, picture], check=True, capture_output=True, text=True).stdout)
            own_s = statistics.mean([ours["total_s"], again["total_s"]])
            peer = float(subprocess.run([bench, "--judge", picture, wav], check=True, capture_output=True, text=True).stdout)
            speed.append(peer_s / own_s)
            quality.append(ours["convergence"] / peer)
            print(f"{os.path.basename(picture):28} {own_s:8.3f}s {peer_s:10.2f}s {speed[-1]:6.0f}x"
                  f"   {ours['convergence']:.4f}  {peer:.4f}  {quality[-1]:.3f}   {ours['fft_share']:.0%}"
                  f" (inverse mel {ours['inverse_mel_s'] * 1e3:.0f} ms, phase gradient {ours['phase_gradient_s'] * 1e3:.0f} ms,"
                  f" iterations {ours['iterate_s'] * 1e3:.0f} ms)", flush=True)
    print(f"smallest ratio of speed {min(speed):.0f}x, mean ratio of convergence {statistics.mean(quality):.3f}")


main()
