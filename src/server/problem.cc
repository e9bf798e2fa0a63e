// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/problem.h"

#include <fmt/format.h>

#include <algorithm>

namespace riffle::server {
namespace {

struct Status {
  int number;
  std::string_view title;
  std::string_view code;
};
constexpr Status kStatuses[] = {
    {400, "Bad Request", "invalid_argument"},
    {401, "Unauthorized", "unauthorized"},
    {403, "Forbidden", "forbidden"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "method_not_allowed"},
    {408, "Request Timeout", "timeout"},
    {409, "Conflict", "conflict"},
    {410, "Gone", "gone"},
    {413, "Payload Too Large", "too_large"},
    {414, "URI Too Long", "too_large"},
    {415, "Unsupported Media Type", "unsupported"},
    {416, "Range Not Satisfiable", "range"},
    {417, "Expectation Failed", "invalid_argument"},
    {421, "Misdirected Request", "forbidden"},
    {422, "Unprocessable Content", "bad_file"},
    {429, "Too Many Requests", "rate_limited"},
    {431, "Request Header Fields Too Large", "too_large"},
    {500, "Internal Server Error", "internal"},
    {503, "Service Unavailable", "unavailable"},
    {507, "Insufficient Storage", "io"},
};

const Status& status_row(int number) {
  const auto* found = std::ranges::find(kStatuses, number, &Status::number);
  return found != std::end(kStatuses) ? *found
                                      : *std::ranges::find(kStatuses, 500, &Status::number);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return 400;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::BadFile:
    case ErrorCode::Unsupported:
      return 422;
    case ErrorCode::Cancelled:
      return 409;
    case ErrorCode::OutOfMemory:
    case ErrorCode::Device:
      return 503;
    case ErrorCode::Io:
      return 507;
    case ErrorCode::Internal:
      break;
  }
  return 500;
}

}  // namespace

std::string_view title_of_status(int status) { return status_row(status).title; }

ProblemError body_too_large(int64_t max_bytes) {
  return ProblemError({.status = 413,
                       .code = "too_large",
                       .detail = fmt::format("the body has more than {} bytes", max_bytes)});
}

ProblemError no_such(std::string_view what, std::string_view id) {
  // Ids come from outside: only so much of one is repeated.
  return ProblemError({.status = 404,
                       .code = "not_found",
                       .detail = fmt::format("there is no {} {}", what, id.substr(0, 64))});
}

Problem problem_from(const Failure& failure) {
  return {.status = status_of(failure.code),
          .code = std::string(name_of(failure.code)),
          .detail = failure.message,
          .hint = failure.hint};
}

Problem problem_from(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const ProblemError& error) {
    return error.problem();
  } catch (...) {
    return problem_from(failure_from(exception));
  }
}

Problem problem_of_status(int status) {
  const Status& row = status_row(status);
  return {.status = status, .code = std::string(row.code), .detail = std::string(row.title)};
}

OrderedJson to_json(const Problem& problem) {
  OrderedJson json = {{"type", "about:blank"},    {"title", title_of_status(problem.status)},
                      {"status", problem.status}, {"code", problem.code},
                      {"detail", problem.detail}, {"hint", problem.hint}};
  if (problem.retry_after_s) json["retry_after_s"] = *problem.retry_after_s;
  return json;
}

Response problem_response(const Problem& problem) {
  Response response{.status = problem.status, .content_type = kProblemType};
  response.body =
      to_json(problem).dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  if (problem.retry_after_s) {
    response.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_s));
  }
  return response;
}

}  // namespace riffle::server
