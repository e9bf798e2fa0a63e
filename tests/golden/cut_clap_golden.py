# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts the reference's CLAP golden data down to what the tests need: clap.safetensors and clap-tiny/.

Usage: cut_clap_golden.py REFERENCE. Weights become float16, of the vocabulary only the golden prompts' tokens stay
(renumbered), and of the two recordings the shorter one, with every 25th frame of its features.
"""
import array
import json
import struct
import sys
from pathlib import Path

SIZES = {"F32": 4, "F16": 2, "I64": 8}


def read(path):
    blob = Path(path).read_bytes()
    length = struct.unpack("<Q", blob[:8])[0]
    header = json.loads(blob[8 : 8 + length])
    header.pop("__metadata__", None)
    data = blob[8 + length :]
    return {k: (v["dtype"], v["shape"], data[v["data_offsets"][0] : v["data_offsets"][1]]) for k, v in header.items()}


def write(path, tensors):
    header, data = {}, b""
    for name, (dtype, shape, blob) in sorted(tensors.items(), key=lambda t: (-SIZES[t[1][0]], t[0])):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(blob)]}
        data += blob
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def halves(tensor):
    dtype, shape, blob = tensor
    if dtype != "F32":
        return tensor
    values = array.array("f", blob)
    return "F16", shape, struct.pack(f"<{len(values)}e", *values)


def rows(tensor, which):
    dtype, shape, blob = tensor
    stride = len(blob) // shape[0]
    return dtype, [len(which)] + shape[1:], b"".join(blob[i * stride : (i + 1) * stride] for i in which)


reference = Path(sys.argv[1])
out = Path(__file__).parent
golden = read(reference / "golden/clap.safetensors")
ids = array.array("q", golden["input_ids"][2])
kept = sorted(set(ids) | {0, 1, 2})
new = {old: i for i, old in enumerate(kept)}

cut = {name: golden[name] for name in ("1.waveform", "1.audio_embed", "1.pooled", "attention_mask", "text_embed")}
cut["input_ids"] = ("I64", golden["input_ids"][1], array.array("q", [new[i] for i in ids]).tobytes())
dtype, shape, blob = golden["1.input_features"]
cut["1.every_25th_frame"] = rows((dtype, shape[1:], blob), range(0, shape[1], 25))
write(out / "clap.safetensors", cut)

folder = out / "clap-tiny"
folder.mkdir(exist_ok=True)
model = {k: halves(v) for k, v in read(reference / "clap-tiny/model.safetensors").items() if v[0] != "I64"}
words = "text_model.embeddings.word_embeddings.weight"
model[words] = rows(model[words], kept)
write(folder / "model.safetensors", model)
config = json.loads((reference / "clap-tiny/config.json").read_text())
config["text_config"]["vocab_size"] = len(kept)
(folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
(folder / "preprocessor_config.json").write_text((reference / "clap-tiny/preprocessor_config.json").read_text())
