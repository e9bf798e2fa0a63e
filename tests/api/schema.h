// SPDX-License-Identifier: GPL-3.0-or-later
// As much of JSON Schema and OpenAPI as docs/openapi.json uses.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace riffle::test {

class OpenApi {
 public:
  explicit OpenApi(const std::string& file);

  // What is wrong with a value, one line each; empty: nothing.
  std::vector<std::string> check(const Json& value, const Json& schema) const;
  std::vector<std::string> check_named(const Json& value, const std::string& name) const;
  // The schema of the payload of an event.
  const Json& event(const std::string& name) const;

  // The operation of a method ("get") and a path as requests have it; null: none.
  const Json* operation(const std::string& method, const std::string& path) const;
  // The schema of a JSON answer; null: none is described for that type. Sets `described` where the
  // status is.
  const Json* answer_schema(const Json& operation, int status, const std::string& type,
                            bool& described) const;
  const Json& document() const { return document_; }

 private:
  void check(const Json& value, const Json& schema, const std::string& where,
             std::vector<std::string>& wrong) const;
  const Json& resolved(const Json& schema) const;

  Json document_;
};

}  // namespace riffle::test
