// SPDX-License-Identifier: GPL-3.0-or-later
// The fields of a request, described once: name, range, unit, default and help. JSON, flags of the
// command line, API schema and forms all follow from the description.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace riffle::pipelines {

enum class FieldKind { Text, Integer, Number, Boolean };

struct FieldInfo {
  std::string name;       // JSON key, snake_case; the command line writes it with hyphens
  std::string help;       // one line, without default and range
  std::string unit = {};  // "s", "Hz", "LUFS", "BPM"
  std::optional<double> minimum = {};  // of numbers
  std::optional<double> maximum = {};
  std::vector<std::string> choices = {};  // of texts; empty: any text
  bool required = false;                  // of texts: must not be empty
  int place = 0;                          // from 1: given by its place on the command line
  std::string absent = {};                // what holds when it is absent, in words
  bool is_file = false;                   // names a sound or picture
  bool is_folder = false;                 // names a folder of sounds
  bool is_plan = false;                   // names a plan (compose.h), or is its text
  bool advanced = false;                  // for those who know; forms may hide it
};

// A request type has `void visit(FieldVisitor& v)` that names every member once, in the order help
// shows them.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void field(std::string& value, const FieldInfo& info) = 0;
  virtual void field(int64_t& value, const FieldInfo& info) = 0;
  virtual void field(double& value, const FieldInfo& info) = 0;
  virtual void field(bool& value, const FieldInfo& info) = 0;
  virtual void field(std::optional<int64_t>& value, const FieldInfo& info) = 0;
  virtual void field(std::optional<double>& value, const FieldInfo& info) = 0;
};

struct Field {
  FieldInfo info;
  FieldKind kind = FieldKind::Text;
  Json default_value;  // null: absent
};

// Fills a request from an object. Throws Error{InvalidArgument} for unknown fields (the hint names
// those there are), values of the wrong type or out of range, and required fields that are not
// there.
class FieldReader final : public FieldVisitor {
 public:
  FieldReader(const Json& object, std::string_view what);
  void field(std::string& value, const FieldInfo& info) override;
  void field(int64_t& value, const FieldInfo& info) override;
  void field(double& value, const FieldInfo& info) override;
  void field(bool& value, const FieldInfo& info) override;
  void field(std::optional<int64_t>& value, const FieldInfo& info) override;
  void field(std::optional<double>& value, const FieldInfo& info) override;
  // After the last field.
  void finish() const;

 private:
  const Json* find(const FieldInfo& info);
  [[noreturn]] void refuse(const FieldInfo& info, const std::string& expected,
                           const Json& got) const;
  double number(const Json& json, const FieldInfo& info) const;
  int64_t integer(const Json& json, const FieldInfo& info) const;

  const Json& object_;
  std::string what_;
  std::vector<std::string> known_;
};

// Writes every field into an object; absent optional ones are left out.
class FieldWriter final : public FieldVisitor {
 public:
  void field(std::string& value, const FieldInfo& info) override { object_[info.name] = value; }
  void field(int64_t& value, const FieldInfo& info) override { object_[info.name] = value; }
  void field(double& value, const FieldInfo& info) override { object_[info.name] = value; }
  void field(bool& value, const FieldInfo& info) override { object_[info.name] = value; }
  void field(std::optional<int64_t>& value, const FieldInfo& info) override {
    if (value) object_[info.name] = *value;
  }
  void field(std::optional<double>& value, const FieldInfo& info) override {
    if (value) object_[info.name] = *value;
  }
  const OrderedJson& object() const { return object_; }

 private:
  OrderedJson object_ = OrderedJson::object();
};

class FieldLister final : public FieldVisitor {
 public:
  void field(std::string& value, const FieldInfo& info) override;
  void field(int64_t& value, const FieldInfo& info) override;
  void field(double& value, const FieldInfo& info) override;
  void field(bool& value, const FieldInfo& info) override;
  void field(std::optional<int64_t>& value, const FieldInfo& info) override;
  void field(std::optional<double>& value, const FieldInfo& info) override;
  std::vector<Field>& fields() { return fields_; }

 private:
  std::vector<Field> fields_;
};

// `what` begins the messages: "generate request".
template <class Request>
Request request_from_json(const Json& object, std::string_view what) {
  Request request;
  FieldReader reader(object, what);
  request.visit(reader);
  reader.finish();
  return request;
}

template <class Request>
OrderedJson request_to_json(Request request) {
  FieldWriter writer;
  request.visit(writer);
  return writer.object();
}

template <class Request>
std::vector<Field> fields_of() {
  Request request;
  FieldLister lister;
  request.visit(lister);
  return std::move(lister.fields());
}

}  // namespace riffle::pipelines
