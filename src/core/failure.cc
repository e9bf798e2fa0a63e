// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace riffle {
namespace {

constexpr const char* kMemoryHint =
    "close other programs, use a shorter piece, or fewer files at a time (--num-threads)";

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

// libtorch throws c10::Error for everything; its kinds are told apart by their words.
Failure failure_from_text(std::string_view text) {
  const auto says = [&](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  };
  const std::string line = first_line(text);
  if (says("out of memory") || says("can't allocate memory")) {
    return {ErrorCode::OutOfMemory, "not enough memory: " + line, kMemoryHint};
  }
  if (says("CUDA error") || says("CUDA driver")) {
    return {ErrorCode::Device, line, "try --device cpu"};
  }
  return {ErrorCode::Internal, line, "this is a defect of Riffle: please report it"};
}

}  // namespace

Failure failure_from(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& e) {
    std::string message = e.message();
    std::replace(message.begin(), message.end(), '\n', ' ');
    return {e.code(), message, e.hint()};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::OutOfMemory, "not enough memory", kMemoryHint};
  } catch (const std::length_error& e) {
    return {ErrorCode::OutOfMemory, fmt::format("not enough memory: {}", e.what()), kMemoryHint};
  } catch (const std::filesystem::filesystem_error& e) {
    const bool missing = e.code() == std::errc::no_such_file_or_directory;
    return {missing ? ErrorCode::NotFound : ErrorCode::Io,
            fmt::format("{}: {}", e.path1().string(), e.code().message()), ""};
  } catch (const std::exception& e) {
    return failure_from_text(e.what());
  } catch (...) {
    return failure_from_text("an exception of unknown type");
  }
}

OrderedJson to_json(const Failure& failure) {
  OrderedJson json = {{"code", name_of(failure.code)}, {"message", failure.message}};
  if (!failure.hint.empty()) json["hint"] = failure.hint;
  return json;
}

}  // namespace riffle
