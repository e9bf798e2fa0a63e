// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong, as HTTP says it: problem documents (RFC 9457) with a code and a hint.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/failure.h"
#include "core/json.h"
#include "server/http.h"

namespace riffle::server {

inline constexpr const char* kProblemType = "application/problem+json";

struct Problem {
  int status = 500;
  std::string code = {};    // stable word
  std::string detail = {};  // what, where, expected, got
  std::string hint = {};    // what to do next; may be empty
  std::optional<int> retry_after_s = {};
};

// A request that is refused for what HTTP has words for and Error has not.
class ProblemError : public std::runtime_error {
 public:
  explicit ProblemError(Problem problem)
      : std::runtime_error(problem.detail), problem_(std::move(problem)) {}
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

// 413 for a body of more than so many bytes.
ProblemError body_too_large(int64_t max_bytes);

// 404 for a thing that is not there: "there is no clip clip_x".
ProblemError no_such(std::string_view what, std::string_view id);

// Understands ProblemError and what failure_from() understands.
Problem problem_from(const std::exception_ptr& exception);
Problem problem_from(const Failure& failure);
// For statuses that the server library answers by itself.
Problem problem_of_status(int status);

OrderedJson to_json(const Problem& problem);
Response problem_response(const Problem& problem);

// "Not Found"; of the statuses used here.
std::string_view title_of_status(int status);

}  // namespace riffle::server
