// SPDX-License-Identifier: GPL-3.0-or-later
// The riffle program: a table of commands (commands.cc), run by app.cc.
#include <unistd.h>

#include <cstddef>

#include "cli/app.h"
#include "cli/commands.h"

namespace {

// OpenMP's threads wait for each other by spinning for long unless told otherwise, which takes the
// processor from the very thread they wait for as soon as anything else runs on the machine: a
// generation took up to fourteen times as long beside a compiler. A thousand turns, some
// microseconds, cost nothing there and are as good as many on an idle machine. libgomp reads its
// settings from the environment while it is loaded, so the program replaces itself once with one
// that has them; here, before any library starts up: that takes 0.2 s, for linking libtorch
// a second time. Whoever has set them is heeded. (Sanitizers have not started up yet either, hence
// the bare C.)
__attribute__((no_sanitize("address", "undefined"))) void spin_shortly(int /*argc*/, char** argv,
                                                                       char** environment) {
  static const char* const kHeeded[] = {"OMP_WAIT_POLICY=", "GOMP_SPINCOUNT="};
  static char short_spin[] = "GOMP_SPINCOUNT=1000";
  constexpr size_t kMost = 4096;
  static char* extended[kMost];
  size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    for (const char* name : kHeeded) {
      size_t same = 0;
      while (name[same] != '\0' && name[same] == environment[count][same]) ++same;
      if (name[same] == '\0') return;
    }
    if (count + 2 >= kMost) return;
    extended[count] = environment[count];
  }
  extended[count] = short_spin;
  execve("/proc/self/exe", argv, extended);
  // Without /proc it goes on as it is.
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeLibraries)(int, char**,
                                                                             char**) = spin_shortly;

}  // namespace

int main(int argc, char** argv) { return riffle::cli::run(argc, argv, riffle::cli::commands()); }
