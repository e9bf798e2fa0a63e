# SPDX-License-Identifier: GPL-3.0-or-later
# Writes the PyTorch files beside this one, in the forms torch.save has had. Made with torch 1.13.1.
import pathlib
from collections import OrderedDict

import numpy
import torch

folder = pathlib.Path(__file__).parent


class Odd:
    """Unpickled by Python, this would run print; Riffle must pass it over."""

    def __reduce__(self):
        return (print, ("never",))


weights = OrderedDict(
    {
        "a.weight": torch.arange(12.0).view(3, 4),
        "a.bias": torch.arange(3).half(),
        "transposed": torch.arange(12.0).view(3, 4).t(),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "scalar": torch.tensor(3.0),
        "slice": torch.arange(10)[2:8:2],
        "bfloat16": torch.ones(3).bfloat16() * 1.5,
        "bool": torch.tensor([True, False]),
        "empty": torch.empty(0, 3),
    }
)
everything = {
    "state_dict": weights,
    "epoch": 7,
    "lr": 0.5,
    "flag": True,
    "obj": Odd(),
    "list": [torch.zeros(2), torch.ones(2)],
    "opt": {"state": {0: {"exp_avg": torch.full((2,), 4.0)}}},
    "big": 1 << 80,
    "negative": -3,
    "fid": numpy.float64(1.5),
    "step": numpy.int64(-7),
    "small": numpy.uint8(200),
}
for protocol in (2, 4):
    torch.save(everything, folder / f"protocol_{protocol}.pt", pickle_protocol=protocol)
torch.save(weights, folder / "legacy.pt", _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(2, 2), folder / "whole_module.pt")
torch.jit.script(torch.nn.Linear(2, 2)).save(folder / "torchscript.pt")
