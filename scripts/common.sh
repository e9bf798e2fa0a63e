# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the other scripts: stops at the first error, works from the top of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf 'hint: %s\n' "$2" >&2; fi
  exit 1
}

# Compilers to run at once: one a processor, but one for every 1.5 GB of free memory at most, which is
# what a source file that includes libtorch can take. JOBS overrides it.
build_jobs() {
  local processors free_kb by_memory
  processors=$(nproc)
  free_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((free_kb / 1500000))
  if [ "$by_memory" -lt 1 ]; then by_memory=1; fi
  if [ "$by_memory" -lt "$processors" ]; then processors=$by_memory; fi
  echo "${JOBS:-$processors}"
}

# build PRESET [TARGET...]: configures when needed, then builds.
build() {
  local preset=$1
  shift
  local targets=()
  if [ $# -gt 0 ]; then targets=(--target "$@"); fi
  if [ ! -f "build/$preset/build.ninja" ]; then
    cmake --preset "$preset" >&2
  fi
  cmake --build --preset "$preset" -j "$(build_jobs)" "${targets[@]}" >&2
}
