# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts the reference's golden data of CLAP and of the consistency autoencoder down to what the tests need:
clap.safetensors, clap-tiny/, cae.safetensors and cae-tiny/.

Usage: cut_golden.py REFERENCE. Weights become float16. CLAP: of the vocabulary only the golden prompts' tokens stay
(renumbered), and of the two recordings the shorter one, with every 25th frame of its features. The autoencoder: one
recording, every 16th row of pictures.
"""
import array
import collections
import json
import pickle
import struct
import sys
import zipfile
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


def read_torch(path):
    """The tensors of a zip-pickle checkpoint, float32 and contiguous."""
    archive = zipfile.ZipFile(path)
    root = archive.namelist()[0].split("/")[0]

    class Skipped:
        def __init__(self, *_):
            pass

        def __setstate__(self, _):
            pass

    def rebuild(storage, offset, shape, *_):
        count = 1
        for n in shape:
            count *= n
        return "F32", list(shape), storage[4 * offset : 4 * (offset + count)]

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            if name == "OrderedDict":
                return collections.OrderedDict
            return rebuild if name == "_rebuild_tensor_v2" else Skipped

        def persistent_load(self, key):
            return archive.read(f"{root}/data/{key[2]}")

    return Reader(archive.open(f"{root}/data.pkl")).load()


def every_16th_row(tensor):
    """Of [1, C, rows, frames]."""
    dtype, (_, channels, count, frames), blob = tensor
    stride = frames * SIZES[dtype]
    kept = [blob[(c * count + r) * stride :][:stride] for c in range(channels) for r in range(0, count, 16)]
    return dtype, [1, channels, count // 16, frames], b"".join(kept)


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

golden = read(reference / "golden/cae.safetensors")
cut = {name: golden[name] for name in ("0.waveform", "0.latents", "0.decoded", "u.latents", "u.x", "u.pyramid4")}
for name in ("0.representation", "u.pyramid2", "u.out0", "u.out1"):
    cut[name] = every_16th_row(golden[name])
write(out / "cae.safetensors", cut)
folder = out / "cae-tiny"
folder.mkdir(exist_ok=True)
weights = read_torch(reference / "cae-tiny/music2latent.pt")["gen_state_dict"]
write(folder / "model.safetensors", {name: halves(tensor) for name, tensor in weights.items()})
(folder / "config.json").write_text((reference / "cae-tiny/hparams.json").read_text())
