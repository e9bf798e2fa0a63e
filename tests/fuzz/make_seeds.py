#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the first inputs of the EXIF, audio, safetensors and tokenizer fuzz targets into tests/fuzz/corpus/;
pictures begin from tests/golden/image/pictures, pickles are two of tests/golden/weights, configurations those of
tests/golden/riff-tiny. Needs the ffmpeg program for the compressed sounds.
"""
import json
import math
import pathlib
import struct
import subprocess

CORPUS = pathlib.Path(__file__).parent / "corpus"
RATE = 8000
DEFAULTS = [(11000, 44100), (11005, 0), (11010, 10), (11020, 100), (11030, 400), (11040, 512),
            (11050, 0), (11060, 10000), (11070, 0.25), (11080, 46801012.0)]


def tiff(order, entries, next_directory=0):
    """entries: (tag, type, count, value bytes) with values above 4 bytes placed behind the directory."""
    end = 8 + 2 + 12 * len(entries) + 4
    head = struct.pack(order + "2sHIH", b"MM" if order == ">" else b"II", 42, 8, len(entries))
    data = b""
    for tag, kind, count, value in entries:
        head += struct.pack(order + "HHI", tag, kind, count)
        if len(value) <= 4:
            head += value.ljust(4, b"\0")
        else:
            head += struct.pack(order + "I", end + len(data))
            data += value
    return head + struct.pack(order + "I", next_directory) + data


def spectrogram_tags(order, real_kind):
    entries = []
    for tag, value in DEFAULTS:
        if isinstance(value, int):
            entries.append((tag, 3, 1, struct.pack(order + "H", value)))
        elif real_kind == 5:
            entries.append((tag, 5, 1, struct.pack(order + "II", int(value * 4), 4)))
        else:
            entries.append((tag, real_kind, 1, struct.pack(order + {11: "f", 12: "d"}[real_kind], value)))
    return entries


def exif_seeds():
    foreign = [(0x010F, 2, 7, b"Camera\0"), (0x0112, 3, 1, b"\0\6"), (0x011A, 5, 1, struct.pack(">II", 72, 1))]
    exif_directory = struct.pack(">HHHI4sI", 1, 0x9003, 2, 4, b"now\0", 0)
    pointer = tiff(">", foreign + [(0x8769, 4, 1, b"\0\0\0\0")])
    at = pointer.rindex(b"\x87\x69") + 8
    return {
        "riffusion": tiff(">", spectrogram_tags(">", 12)),
        "little_endian_floats": tiff("<", spectrogram_tags("<", 11)),
        "rationals": tiff(">", spectrogram_tags(">", 5)),
        "foreign": tiff(">", foreign),
        "sub_directory": pointer[:at] + struct.pack(">I", len(pointer)) + pointer[at + 4:] + exif_directory,
        "circle": tiff(">", foreign, next_directory=8),
        "missing_tag": tiff(">", spectrogram_tags(">", 12)[:7]),
    }


def wav(frames, kind, channels, extra=b""):
    """frames: mono samples in -1..1; kind: (format tag, struct letter, scale)."""
    tag, letter, scale = kind
    data = b"".join(struct.pack("<" + letter * channels, *[type(scale)(x * scale)] * channels) for x in frames)
    width = struct.calcsize(letter)
    header = struct.pack("<HHIIHH", tag, channels, RATE, RATE * channels * width, channels * width, 8 * width)
    body = b"WAVEfmt " + struct.pack("<I", 16) + header + extra + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def compressed(source, muxer, *options):
    command = ["ffmpeg", "-v", "error", "-f", "wav", "-i", "pipe:0", *options, "-f", muxer, "pipe:1"]
    return subprocess.run(command, input=source, stdout=subprocess.PIPE, check=True).stdout


def audio_seeds():
    tone = [0.5 * math.sin(2 * math.pi * 440 * i / RATE) for i in range(400)]
    source = wav(tone, (1, "h", 32767), 1)
    comment = b"LIST" + struct.pack("<I4s4sI4s", 16, b"INFO", b"ICMT", 4, b"hum\0")
    exact = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-metadata_header_padding", "0")
    return {
        "s16.wav": source,
        "f32_stereo_tagged.wav": wav(tone[:200], (3, "f", 1.0), 2, comment),
        "u8.wav": wav([abs(x) for x in tone], (1, "B", 255), 1),
        "one_frame.wav": wav(tone[:1], (1, "h", 32767), 1),
        "tone.flac": compressed(source, "flac", *exact, "-c:a", "flac"),
        "silence_long.flac": compressed(wav([0.0] * 200000, (1, "h", 32767), 1), "flac", *exact),
        "tone.mp3": compressed(source, "mp3", *exact, "-c:a", "libmp3lame", "-b:a", "8k"),
        "tone.ogg": compressed(source, "ogg", *exact, "-c:a", "libvorbis", "-ar", "8000"),
        "tone.opus": compressed(source, "ogg", *exact, "-c:a", "libopus", "-b:a", "6k"),
        "tone.aac": compressed(source, "adts", *exact, "-c:a", "aac", "-b:a", "8k"),
        "tone.m4a": compressed(source, "mp4", *exact, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
        "tone.aiff": compressed(source, "aiff", *exact),
        "tone.au": compressed(source, "au", *exact),
    }


def safetensors(tensors, metadata=None):
    """tensors: name -> (dtype, shape, bytes)."""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors_seeds():
    return {
        "none": safetensors({}),
        "empty_tensor": safetensors({"e": ("F32", [0, 3], b"")}),
        "two_tensors": safetensors({"a": ("F32", [2], b"\0" * 8), "b.c": ("BF16", [1, 2], b"\1" * 4)}, {"format": "pt"}),
    }


def tokenizer_file(ends):
    """A tokenizer.json with nothing but single bytes, two merges and the tokens the models ask for."""
    printing = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in printing] + [chr(256 + i) for i in range(256 - len(printing))]
    tokens = letters + [x + "</w>" for x in letters] * ends + ["lo", "low"]
    tokens += ["<|startoftext|>", "<|endoftext|>"] if ends else ["<s>", "</s>", "<pad>", "<unk>"]
    model = {"vocab": {t: i for i, t in enumerate(tokens)}, "merges": ["l o", ["lo", "w"]]}
    return json.dumps({"model": model}, separators=(",", ":"), ensure_ascii=False).encode()


def tokenizer_seeds():
    return {"clip.json": tokenizer_file(True), "roberta.json": tokenizer_file(False)}


def main():
    for name, seeds in (("exif", exif_seeds()), ("audio", audio_seeds()), ("safetensors", safetensors_seeds()),
                        ("tokenizer", tokenizer_seeds())):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds.items():
            (folder / seed).write_bytes(data)


if __name__ == "__main__":
    main()
