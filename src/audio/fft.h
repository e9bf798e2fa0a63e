// SPDX-License-Identifier: GPL-3.0-or-later
// Real FFTs of one length by FFTW (single precision). A plan is shared by threads; each thread
// brings its own buffers.
#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <span>

namespace riffle::audio {

// Memory aligned for FFTW's vector code; sizes in elements.
template <class T>
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t size = 0);
  ~AlignedBuffer();
  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

class RealFft {
 public:
  explicit RealFft(int n);
  ~RealFft();
  RealFft(RealFft&&) noexcept;
  RealFft& operator=(RealFft&&) noexcept;

  int size() const { return n_; }
  int bins() const { return n_ / 2 + 1; }

  // time [n] -> spectrum [n/2+1], unnormalised. Buffers must come from AlignedBuffer. time is kept.
  void forward(float* time, std::complex<float>* spectrum) const;
  // spectrum [n/2+1] -> time [n], unnormalised (n times the inverse). The spectrum is destroyed.
  void inverse(std::complex<float>* spectrum, float* time) const;

 private:
  struct Plans;
  int n_ = 0;
  std::unique_ptr<Plans> plans_;
};

}  // namespace riffle::audio
