// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace riffle::eval {
namespace {

std::string number(const std::optional<double>& value, bool percent) {
  if (!value) return "-";
  return percent ? fmt::format("{:.1f} %", 100 * *value) : fmt::format("{:.3g}", *value);
}

std::string bar_of(const Row& row) {
  if (row.maybe_least && row.maybe_most) {
    return fmt::format("{} to {}", number(row.maybe_least, row.percent),
                       number(row.maybe_most, row.percent));
  }
  if (row.maybe_least) return ">= " + number(row.maybe_least, row.percent);
  if (row.maybe_most) return "<= " + number(row.maybe_most, row.percent);
  return "";
}

std::string verdict_of(const Row& row) {
  if (row.passed()) return "pass";
  if (row.failed()) return "FAIL";
  return "";
}

bool within_bar(const Row& row) {
  return (!row.maybe_least || *row.maybe_value >= *row.maybe_least) &&
         (!row.maybe_most || *row.maybe_value <= *row.maybe_most);
}

}  // namespace

bool Row::passed() const { return has_bar() && maybe_value && within_bar(*this); }
bool Row::failed() const { return has_bar() && maybe_value && !within_bar(*this); }

OrderedJson json_of(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

std::string table_of(const Report& report) {
  size_t width = 5;
  for (const Row& row : report.rows) width = std::max(width, row.title.size());
  std::string text = fmt::format("{:<{}}  {:>8}  {:>8}  {:>14}  {:>5}\n", "judge", width, "value",
                                 "ceiling", "bar", "n");
  for (const Row& row : report.rows) {
    text += fmt::format("{:<{}}  {:>8}  {:>8}  {:>14}  {:>5}  {}{}{}\n", row.title, width,
                        number(row.maybe_value, row.percent),
                        number(row.maybe_ceiling, row.percent), bar_of(row), row.count,
                        verdict_of(row), row.note.empty() ? "" : "  ", row.note);
  }
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  return text;
}

OrderedJson to_json(const Report& report) {
  OrderedJson rows = OrderedJson::array();
  for (const Row& row : report.rows) {
    OrderedJson json = {{"name", row.name},
                        {"title", row.title},
                        {"value", json_of(row.maybe_value)},
                        {"ceiling", json_of(row.maybe_ceiling)},
                        {"at_least", json_of(row.maybe_least)},
                        {"at_most", json_of(row.maybe_most)},
                        {"count", row.count},
                        {"passed", nullptr}};
    if (row.passed() || row.failed()) json["passed"] = row.passed();
    if (!row.note.empty()) json["note"] = row.note;
    rows.push_back(std::move(json));
  }
  OrderedJson json = {
      {"model", report.model}, {"judges", std::move(rows)}, {"notes", report.notes}};
  if (!report.pieces.empty()) json["pieces"] = report.pieces;
  return json;
}

}  // namespace riffle::eval
