# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes codec.safetensors: reference numbers for the sound <-> mel codec from torchaudio and Python's audioop.

Needs python3-torch, python3-torchaudio and python3-numpy (Debian 12: torchaudio 0.13.1). Run in this folder.
"""
import audioop
import json
import struct

import numpy as np
import torch
import torchaudio


def tune(seconds, rate, seed):
    """A decaying chord, a glide and a little noise, as int16: [2, n]."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    left = sum(0.2 * np.exp(-3 * t) * np.sin(2 * np.pi * f * t + p) for f, p in ((110, 0), (277.2, 1), (1318.5, 2)))
    right = 0.3 * np.sin(2 * np.pi * (500 * t + 900 * t * t)) + 0.5 * left
    noise = 0.01 * rng.standard_normal((2, t.size))
    return np.clip(np.stack([left, right]) + noise, -1, 1)


def mel(samples, rate, n_fft, win, hop, rows, fmin, fmax):
    spectrogram = torchaudio.transforms.Spectrogram(n_fft=n_fft, win_length=win, hop_length=hop, power=None)
    scale = torchaudio.transforms.MelScale(rows, rate, fmin, fmax, n_fft // 2 + 1, None, "htk")
    return scale(spectrogram(torch.tensor(samples, dtype=torch.float32)).abs()).numpy()


def filtered(samples):
    """The original's post-processing of 16-bit samples: -12 dBFS by RMS, then peak to -0.1 dBFS."""
    data = np.ascontiguousarray(samples.T).astype("<i2").tobytes()
    data = audioop.mul(data, 2, 10 ** ((-12 - 20 * np.log10(audioop.rms(data, 2) / 32768)) / 20))
    target = 32768 * 10 ** (-0.1 / 20)
    data = audioop.mul(data, 2, 10 ** ((20 * np.log10(target / audioop.max(data, 2))) / 20))
    return np.frombuffer(data, "<i2").reshape(-1, samples.shape[0]).T.astype(np.int32)


def save(path, tensors):
    header, blobs, offset = {}, [], 0
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        kind = {"float32": "F32", "int32": "I32"}[str(array.dtype)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        blobs.append(array.tobytes())
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


sound = np.round(tune(0.5, 44100, 1) * 32767).astype(np.int32)
small = np.round(tune(0.4, 22050, 2) * 32767).astype(np.int32)
quiet = (sound // 9).astype(np.int32)
fb = torchaudio.functional.melscale_fbanks(8821, 0.0, 10000.0, 512, 44100, None, "htk").numpy()
columns = np.array([0, 1, 2, 17, 100, 300, 510, 511], dtype=np.int32)
save("codec.safetensors", {
    "sound": sound,
    "mel": mel(sound, 44100, 17640, 4410, 441, 512, 0.0, 10000.0).astype(np.float32),
    "small": small,
    "small_mel": mel(small, 22050, 2205 * 2, 2205, 441, 128, 20.0, 11000.0).astype(np.float32),
    "filterbank_columns": columns,
    "filterbank": fb[:, columns].T.astype(np.float32),
    "filterbank_sums": fb.sum(0).astype(np.float32),
    "quiet": quiet[:, :4000],
    "quiet_filtered": filtered(quiet[:, :4000]),
})
