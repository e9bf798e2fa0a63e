// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/best_take.h"

#include "models/tone_rows.h"
#include "pipelines/chroma_rows.h"

namespace riffle::pipelines {
namespace {

// Of the cosine: notes differ more from take to take than embeddings do.
constexpr double kNotesShare = 0.25;

// Of what is heard in each column, the part in the direction of what was told there.
double notes_that_fit(const audio::Waveform& mono, const at::Tensor& told, double column_s,
                      const Job& job) {
  const int64_t columns = told.size(2);
  const auto tones = [](const at::Tensor& rows) {
    return rows.squeeze(0).narrow(0, 0, models::kPitchClasses);
  };
  const at::Tensor wanted = tones(told);
  const at::Tensor heard = tones(heard_chroma_rows(mono, column_s, columns, job));
  const at::Tensor length = wanted.norm(2, 0);
  const at::Tensor known = (length > 0).to(at::kFloat);
  const at::Tensor along = (heard * wanted).sum(0) / length.clamp_min(1e-6);
  const double all = (heard.norm(2, 0) * known).sum().item<double>();
  return all > 0 ? along.sum().item<double>() / all : 0;
}

}  // namespace

bool has_choice(const BandModel& model, const BandPiece& piece) {
  return (piece.style.defined() && model.reads_style()) ||
         (piece.context.chroma.defined() && model.follows_chroma());
}

double fit_of_take(BandModel& model, const audio::Waveform& mono, const BandPiece& piece,
                   const BandShape& shape, const Job& job) {
  double fit = 0;
  if (piece.style.defined() && model.reads_style()) {
    fit += (style_of_sound(model, mono, job) * piece.style).sum().item<double>();
  }
  if (piece.context.chroma.defined() && model.follows_chroma()) {
    const double column_s = column_seconds(model, mono, piece.context.chroma.size(2), shape);
    fit += kNotesShare * notes_that_fit(mono, piece.context.chroma, column_s, job);
  }
  return fit;
}

}  // namespace riffle::pipelines
