// SPDX-License-Identifier: GPL-3.0-or-later
// riff-tiny as a whole bundle, for tests that run pipelines: its weights are golden data, and in
// place of CLIP's vocabulary, which is not ours to keep, it gets one of single bytes.
#pragma once

#include <filesystem>

namespace riffle::test {

// Makes `folder` a bundle (links to the golden files). spectrogram: the text of spectrogram.json;
// empty: none, hence Riffusion's parameters.
void make_tiny_bundle(const std::filesystem::path& folder, const char* spectrogram = "");

}  // namespace riffle::test
