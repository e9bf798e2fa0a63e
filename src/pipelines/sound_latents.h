// SPDX-License-Identifier: GPL-3.0-or-later
// From sound to latents and back: mel amplitudes, picture, autoencoder, over any length.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>

#include "audio/mel_spectrogram.h"
#include "audio/waveform.h"
#include "core/job.h"
#include "image/picture.h"
#include "pipelines/fields.h"
#include "pipelines/music_model.h"

namespace riffle::pipelines {

// Mel amplitudes as what an autoencoder sees, [B, C, rows, frames] in -1..1 with white (silence) at
// 1 and the lowest row at the bottom: as image::picture_from_mel, without its truncation to 8 bits.
// A mono codec makes one item a channel; a stereo one makes one item with red 0 (black), left,
// right. max_value: what becomes black, above 0.
at::Tensor media_of_mel(const audio::MelSpectrogram& mel, const Geometry& geometry,
                        float max_value);
// Back: item b of a mono codec is channel b. A mono codec of 3 channels reads their mean.
audio::MelSpectrogram mel_of_media(const at::Tensor& media, const Geometry& geometry,
                                   float max_value);
// 8-bit, with EXIF: one picture of all items (mono codec: the first item; where it has two, their
// mean).
image::Picture picture_of_media(const at::Tensor& media, const Geometry& geometry, float max_value);

// The autoencoder over a stretch of any length, in overlapping windows where it is longer than the
// model's. circular: the stretch is a loop. Progress stages "encode" and "decode".
// media: [B, C, rows, columns * factor].
at::Tensor encode_media(MusicModel& model, const at::Tensor& media, bool circular, const Job& job);
// What a denoiser made is sharpened as the model's bundle says.
at::Tensor decode_latents(MusicModel& model, const at::Tensor& latents, bool circular,
                          const Job& job);
// The same of an autoencoder alone.
at::Tensor encode_media(models::Autoencoder& autoencoder, const Geometry& geometry,
                        const at::Tensor& media, bool circular, const Job& job);
at::Tensor decode_latents(models::Autoencoder& autoencoder, const Geometry& geometry,
                          const at::Tensor& latents, bool circular, const Job& job);

// Unsharp masking along frequency: each row of pictures [B, C, rows, columns], and `amount` of what
// it differs by from the mean of the rows beside it. What a small denoiser is not sure of it
// spreads over neighbouring rows: partials come out wide and low. 0: as it is.
at::Tensor sharpened(const at::Tensor& media, double amount);
// The amount a bundle wants: "sharpening" of its defaults.json, 0 where there is none. Throws
// Error{BadFile}, `where` beginning the message.
double sharpening_of(const Json& defaults, const std::string& where);

struct SoundLatents {
  at::Tensor latents;  // [B, C, H, columns]
  at::Tensor media;    // what they were encoded from
  float max_value = 1;
  int64_t samples = 0;  // of the sound, at the codec's rate
};

// sound: at the codec's rate; mono codec: any channels, each an item; stereo codec: two. Followed
// by silence up to whole columns. known: its latents; the autoencoder is then not asked.
SoundLatents latents_of_sound(MusicModel& model, const audio::Waveform& sound, const Job& job,
                              const at::Tensor& known = {});

// The field of requests that takes them. Clips that were made with their latents kept have them.
FieldInfo latents_field();
// The tensor "latents" of a .safetensors file, [B, C, H, columns]. Throws what opening it throws,
// and Error{InvalidArgument} for another form than the model's.
at::Tensor read_latents(const std::filesystem::path& path, const Geometry& geometry);
// Those of a sound at the codec's rate. Throws Error{InvalidArgument} also where they are as long
// as another sound, or have other channels.
at::Tensor read_latents_of(const std::filesystem::path& path, const audio::Waveform& sound,
                           const Geometry& geometry);

struct DecodeSoundOptions {
  int iterations = 24;
  uint64_t seed = 0;
  bool circular = false;
};

// Sound of mel amplitudes, at the codec's scale (absolute loudness), exactly so many samples, which
// must not be more than the frames hold. circular: the end goes on into the beginning without a
// click; the mel's frames are then spread over the samples (the tempo changes by less than half a
// column of latents in the whole).
audio::Waveform sound_of_mel(const audio::MelSpectrogram& mel, const Geometry& geometry,
                             int64_t samples, const DecodeSoundOptions& options, const Job& job);

// The reverse for a loop: so many frames, spread over its samples, of a sound that goes round.
audio::MelSpectrogram mel_of_loop(const audio::Waveform& sound,
                                  const audio::SpectrogramParams& params, int64_t frames,
                                  const Job& job);

}  // namespace riffle::pipelines
