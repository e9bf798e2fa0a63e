// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "core/log.h"

namespace riffle::cli {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLineSeconds = 5;
constexpr int kLongestBar = 40;

std::atomic<ProgressDisplay*> g_active{nullptr};

std::string clock_text(double seconds) {
  // Rounded up, but not by the last bits of a division.
  const auto s = static_cast<int64_t>(std::ceil(seconds - 1e-3));
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

double fraction_of(const Progress& progress) {
  return std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total), 0.0,
                    1.0);
}

// Empty while nothing is done yet: there is no rate to go by.
std::string time_left(const Progress& progress, double elapsed_s) {
  const double fraction = fraction_of(progress);
  if (fraction <= 0) return {};
  return clock_text(elapsed_s * (1 - fraction) / fraction);
}

int columns_of(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

std::string progress_bar(const Progress& progress, double elapsed_s, int width) {
  if (progress.total <= 0) {
    return fmt::format("{}  {}  {}", progress.stage, progress.done, clock_text(elapsed_s))
        .substr(0, static_cast<size_t>(std::max(0, width)));
  }
  const double fraction = fraction_of(progress);
  const std::string left = time_left(progress, elapsed_s);
  const std::string tail =
      fmt::format("{}/{}  {:.0f} %{}{}", progress.done, progress.total, std::floor(100 * fraction),
                  left.empty() ? "" : "  ETA ", left);
  const int room =
      width - static_cast<int>(progress.stage.size()) - static_cast<int>(tail.size()) - 6;
  if (room < 4) {
    return fmt::format("{}  {}", progress.stage, tail)
        .substr(0, static_cast<size_t>(std::max(0, width)));
  }
  const int cells = std::min(room, kLongestBar);
  const int full = static_cast<int>(std::floor(fraction * cells));
  return fmt::format("{}  [{:#>{}}{:->{}}]  {}", progress.stage, "", full, "", cells - full, tail);
}

std::string progress_line(const Progress& progress, double elapsed_s) {
  if (progress.total <= 0) {
    return fmt::format("{}: {} after {}", progress.stage, progress.done, clock_text(elapsed_s));
  }
  const std::string left = time_left(progress, elapsed_s);
  return fmt::format("{}: {} of {} ({:.0f} %){}{}{}", progress.stage, progress.done, progress.total,
                     std::floor(100 * fraction_of(progress)), left.empty() ? "" : ", ", left,
                     left.empty() ? "" : " left");
}

ProgressDisplay::Style ProgressDisplay::style_for(std::FILE* stream, bool quiet) {
  if (quiet) return Style::None;
  const char* terminal = std::getenv("TERM");
  const bool redraws =
      isatty(fileno(stream)) != 0 && terminal != nullptr && std::string_view(terminal) != "dumb";
  return redraws ? Style::Bar : Style::Lines;
}

ProgressDisplay::ProgressDisplay(std::FILE* stream, Style style)
    : stream_(stream), style_(style), last_shown_(Clock::now()) {
  g_active = this;
  log::set_before_line(&ProgressDisplay::clear_active);
}

ProgressDisplay::~ProgressDisplay() {
  clear();
  log::set_before_line(nullptr);
  g_active = nullptr;
}

void ProgressDisplay::update(const Progress& progress) {
  if (style_ == Style::None) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (progress.stage != stage_) {
    stage_ = progress.stage;
    stage_start_ = now;
  }
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const double pause_s = style_ == Style::Bar ? kRedrawSeconds : kLineSeconds;
  if (seconds(now - last_shown_) < pause_s) return;
  last_shown_ = now;
  const double elapsed_s = seconds(now - stage_start_);
  if (style_ == Style::Lines) {
    fmt::print(stream_, "{}\n", progress_line(progress, elapsed_s));
  } else {
    fmt::print(stream_, "\r\x1b[K{}", progress_bar(progress, elapsed_s, columns_of(stream_) - 1));
    drawn_ = true;
  }
  std::fflush(stream_);
}

void ProgressDisplay::clear() {
  const std::lock_guard lock(mutex_);
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stream_);
  std::fflush(stream_);
  drawn_ = false;
}

void ProgressDisplay::clear_active() {
  if (auto* display = g_active.load()) display->clear();
}

}  // namespace riffle::cli
