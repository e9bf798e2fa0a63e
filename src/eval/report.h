// SPDX-License-Identifier: GPL-3.0-or-later
// The table a model is held to: what each judge says, what real music would get, what is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace riffle::eval {

struct Row {
  std::string name;                          // "tempo": stable, used in JSON
  std::string title;                         // "tempo within 3 % of the asked one"
  std::optional<double> maybe_value = {};    // absent: could not be measured; the note says why
  std::optional<double> maybe_ceiling = {};  // of real held-out music, where there is such a number
  std::optional<double> maybe_least = {};    // the bar; neither: for information only
  std::optional<double> maybe_most = {};
  bool percent = false;  // shares, shown in percent
  int64_t count = 0;     // of what it was measured on
  std::string note = {};

  bool has_bar() const { return maybe_least.has_value() || maybe_most.has_value(); }
  // Without a bar or a value: neither passed nor failed.
  bool passed() const;
  bool failed() const;
};

struct Report {
  std::string model;
  std::vector<Row> rows;
  std::vector<std::string> notes;
  OrderedJson pieces = OrderedJson::array();  // what was measured of each, where judges tell
};

// Lines for people.
std::string table_of(const Report& report);
OrderedJson to_json(const Report& report);
// null where it could not be measured.
OrderedJson json_of(const std::optional<double>& value);

}  // namespace riffle::eval
