// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/fft.h"

#include <fftw3.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/error.h"

namespace riffle::audio {
namespace {

// FFTW's planner is not thread-safe; execution is.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

template <class T>
AlignedBuffer<T>::AlignedBuffer(size_t size) : size_(size) {
  if (size == 0) return;
  data_ = static_cast<T*>(fftwf_malloc(size * sizeof(T)));
  if (data_ == nullptr) throw Error(ErrorCode::OutOfMemory, "not enough memory for an FFT buffer");
  std::fill_n(data_, size, T{});
}
template <class T>
AlignedBuffer<T>::~AlignedBuffer() {
  fftwf_free(data_);
}
template <class T>
AlignedBuffer<T>::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
template <class T>
AlignedBuffer<T>& AlignedBuffer<T>::operator=(AlignedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
template class AlignedBuffer<float>;
template class AlignedBuffer<std::complex<float>>;

struct RealFft::Plans {
  fftwf_plan forward = nullptr;
  fftwf_plan inverse = nullptr;
  ~Plans() {
    const std::lock_guard lock(planner_mutex());
    if (forward != nullptr) fftwf_destroy_plan(forward);
    if (inverse != nullptr) fftwf_destroy_plan(inverse);
  }
};

RealFft::RealFft(int n) : n_(n), plans_(std::make_unique<Plans>()) {
  AlignedBuffer<float> time(static_cast<size_t>(n));
  AlignedBuffer<std::complex<float>> spectrum(static_cast<size_t>(bins()));
  auto* bins_out = reinterpret_cast<fftwf_complex*>(spectrum.data());
  // ESTIMATE: measured plans are 5 to 30 % faster here but take a second to make, longer than a
  // whole decode.
  const std::lock_guard lock(planner_mutex());
  plans_->forward =
      fftwf_plan_dft_r2c_1d(n, time.data(), bins_out, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  plans_->inverse =
      fftwf_plan_dft_c2r_1d(n, bins_out, time.data(), FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
  if (plans_->forward == nullptr || plans_->inverse == nullptr) {
    throw Error(ErrorCode::Internal, "FFTW could not plan a transform");
  }
}
RealFft::~RealFft() = default;
RealFft::RealFft(RealFft&&) noexcept = default;
RealFft& RealFft::operator=(RealFft&&) noexcept = default;

void RealFft::forward(float* time, std::complex<float>* spectrum) const {
  fftwf_execute_dft_r2c(plans_->forward, time, reinterpret_cast<fftwf_complex*>(spectrum));
}
void RealFft::inverse(std::complex<float>* spectrum, float* time) const {
  fftwf_execute_dft_c2r(plans_->inverse, reinterpret_cast<fftwf_complex*>(spectrum), time);
}

}  // namespace riffle::audio
