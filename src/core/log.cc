// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace riffle::log {
namespace {

std::atomic<Level> g_level{Level::Warn};
std::atomic<void (*)()> g_before_line{nullptr};

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto made = std::make_shared<spdlog::logger>("riffle", sink);
    made->set_pattern("%^%l%$: %v");
    made->set_level(spdlog::level::debug);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warn:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
    case Level::Off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

void set_level(Level level) { g_level = level; }
Level level() { return g_level; }
void set_before_line(void (*hook)()) { g_before_line = hook; }

void write(Level level, std::string_view line) {
  if (level < g_level.load()) return;
  if (auto* hook = g_before_line.load()) hook();
  logger().log(to_spdlog(level), line);
}

}  // namespace riffle::log
