// SPDX-License-Identifier: GPL-3.0-or-later
// The riffle program as a process, and sounds to feed it with.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "support/test_files.h"

namespace riffle::test {

struct Finished {
  int status = -1;  // exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;
};

class Process {
 public:
  explicit Process(std::vector<std::string> command);
  ~Process();  // kills it when it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  Finished wait();

  pid_t pid() const { return pid_; }
  bool is_running() const;
  std::string out_so_far() const;

 private:
  TemporaryFolder streams_;
  pid_t pid_ = -1;
};

Finished run(std::vector<std::string> command);
// run() of the riffle program under test.
Finished riffle(std::vector<std::string> arguments);
std::vector<std::string> riffle_command(std::vector<std::string> arguments);

// Chords with a little noise: seconds of sound that a spectrogram has something to show of. The
// same every time.
audio::Waveform make_sound(double seconds, int channels = 1, int sample_rate = 44100);
// As a 16-bit file.
void write_sound(const std::filesystem::path& path, const audio::Waveform& sound);

// Names of the files in a folder, hidden ones too, sorted.
std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace riffle::test
