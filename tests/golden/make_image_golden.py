#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden/image/: small pictures of every kind with the RGB that Pillow reads from them,
EXIF blocks as Pillow writes them, and spectrogram pictures made with the formulas in numpy.

Made with Debian 12's python3-pil 9.4.0 and python3-numpy 1.24.2: python3 make_image_golden.py
"""
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).parent / "image"
WIDTH, HEIGHT = 9, 7
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, depth):
    """samples: [h, w, channels] -> filter byte 0 and packed samples, row by row."""
    out = b""
    for row in samples:
        if row.size == 0:
            continue
        flat = row.reshape(-1).astype(int)
        if depth == 16:
            data = b"".join(struct.pack(">H", v) for v in flat)
        else:
            bits = "".join(format(v, f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        out += b"\0" + data
    return out


def png(samples, depth, colour_type, extra=b"", interlaced=False):
    """A PNG of any kind; Pillow writes only some."""
    h, w, _ = samples.shape
    if interlaced:
        raw = b"".join(packed_rows(samples[y::dy, x::dx], depth) for x, y, dx, dy in ADAM7
                       if x < w and y < h)
    else:
        raw = packed_rows(samples, depth)
    header = struct.pack(">IIBBBBB", w, h, depth, colour_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw, 9))
            + chunk(b"IEND", b""))


def png_kinds(rng):
    def noise(depth, channels):
        return rng.integers(0, 1 << depth, (HEIGHT, WIDTH, channels))

    kinds = {}
    for depth in (1, 2, 4, 8, 16):
        kinds[f"gray_{depth}"] = png(noise(depth, 1), depth, 0)
    for depth in (1, 2, 4, 8):
        palette = chunk(b"PLTE", rng.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes())
        kinds[f"palette_{depth}"] = png(noise(depth, 1), depth, 3, palette)
        alpha = chunk(b"tRNS", rng.integers(0, 256, 1 << depth, dtype=np.uint8).tobytes())
        kinds[f"palette_{depth}_trns"] = png(noise(depth, 1), depth, 3, palette + alpha)
    for depth in (8, 16):
        kinds[f"gray_alpha_{depth}"] = png(noise(depth, 2), depth, 4)
        kinds[f"rgb_{depth}"] = png(noise(depth, 3), depth, 2)
        kinds[f"rgba_{depth}"] = png(noise(depth, 4), depth, 6)
    kinds["gray_8_trns"] = png(noise(8, 1), 8, 0, chunk(b"tRNS", b"\0\x50"))
    kinds["rgb_8_trns"] = png(noise(8, 3), 8, 2, chunk(b"tRNS", b"\0\x50\0\x60\0\x70"))
    kinds["rgb_8_gamma"] = png(noise(8, 3), 8, 2, chunk(b"gAMA", struct.pack(">I", 100000)))
    kinds["rgb_8_text"] = png(noise(8, 3), 8, 2, chunk(b"tEXt", b"Comment\0made for a test"))
    kinds["rgb_8_interlaced"] = png(noise(8, 3), 8, 2, interlaced=True)
    kinds["gray_2_interlaced"] = png(noise(2, 1), 2, 0, interlaced=True)
    kinds["rgba_16_interlaced"] = png(noise(16, 4), 16, 6, interlaced=True)
    return kinds


def jpeg_kinds(rng):
    smooth = np.add.outer(np.arange(19) * 9, np.arange(21) * 3)[..., None] + np.array([0, 30, 60])
    colour = Image.fromarray(((smooth + rng.integers(0, 40, smooth.shape)) % 256).astype(np.uint8))
    cmyk = Image.fromarray(rng.integers(0, 256, (19, 21, 4), dtype=np.uint8), "CMYK")
    orientation = Image.Exif()
    orientation[0x0112] = 6
    orientation[0x010F] = "A camera"
    kinds = {}
    for name, image, options in [
            ("rgb_444", colour, {"subsampling": 0}), ("rgb_422", colour, {"subsampling": 1}),
            ("rgb_420", colour, {"subsampling": 2}), ("progressive", colour, {"progressive": True}),
            ("gray", colour.convert("L"), {}), ("cmyk", cmyk, {}),
            ("rgb_orientation", colour, {"exif": orientation.tobytes()})]:
        data = io.BytesIO()
        image.save(data, "JPEG", quality=80, **options)
        kinds[name] = data.getvalue()
    return kinds


def expected_rgb(name, data):
    if name == "gray_16":  # Pillow keeps 32-bit integers and clips them at 255; Riffle keeps the high byte
        gray = np.array(Image.open(io.BytesIO(data))) >> 8
        return np.repeat(gray[..., None], 3, 2).astype(np.uint8)
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))


def exif_blocks():
    """Riffusion's tags for some parameters, as Pillow lays them out."""
    keys = ["sample_rate", "stereo", "step_size_ms", "window_duration_ms", "padded_duration_ms",
            "num_frequencies", "min_frequency", "max_frequency", "power_for_image", "max_value"]
    tags = [11000, 11005, 11010, 11020, 11030, 11040, 11050, 11060, 11070, 11080]
    blocks = []
    for values in [(44100, 0, 10, 100, 400, 512, 0, 10000, 0.25, 46801012.0),
                   (44100, 1, 10, 100, 400, 512, 20, 20000, 0.25, 30e6),
                   (96000, 1, 20, 80, 160, 256, 30, 48000, 0.3, 0.0),
                   (384000, 0, 1, 1, 1, 1, 0, 192000, 0.5, 1e-3)]:
        exif = Image.Exif()
        for tag, value in zip(tags, values):
            exif[tag] = value
        block = exif.tobytes()
        blocks.append(dict(zip(keys, values), exif=block[6:].hex()))  # without "Exif\0\0"
    return blocks


def write_safetensors(path, tensors):
    kinds = {"float32": "F32", "uint8": "U8"}
    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": kinds[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in tensors.values()))


def codec(rng):
    """Levels and amplitudes by numpy in single precision; the array operations stand in the order of
    the published formula."""
    tensors = {}
    for name, channels, power in [("mono", 1, 0.25), ("stereo", 2, 0.25), ("power_04", 2, 0.4)]:
        mel = (rng.random((channels, 24, 40)) ** 6 * 4e7).astype(np.float32)  # [channels, rows, frames]
        top = np.max(mel)
        level = (255 - np.power(mel / top, power) * 255).astype(np.uint8)[:, ::-1]
        planes = [level[0]] * 3 if channels == 1 else [np.zeros_like(level[0]), level[0], level[1]]
        tensors[f"{name}.mel"] = mel
        tensors[f"{name}.picture"] = np.stack(planes, -1)
        tensors[f"{name}.decoded"] = (np.power((255 - level[:, ::-1].astype(np.float32)) / 255, 1 / power)
                                      * 30e6).astype(np.float32)
    return {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def main():
    rng = np.random.default_rng(11000)
    (FOLDER / "pictures").mkdir(parents=True, exist_ok=True)
    pictures = {}
    for suffix, kinds in (("png", png_kinds(rng)), ("jpg", jpeg_kinds(rng))):
        for name, data in kinds.items():
            rgb = expected_rgb(name, data)
            (FOLDER / "pictures" / f"{name}.{suffix}").write_bytes(data)
            pictures[f"{name}.{suffix}"] = {"width": rgb.shape[1], "height": rgb.shape[0],
                                            "rgb": rgb.tobytes().hex()}
    golden = {"pictures": pictures, "exif": exif_blocks()}
    (FOLDER / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    write_safetensors(FOLDER / "codec.safetensors", codec(rng))


if __name__ == "__main__":
    main()
