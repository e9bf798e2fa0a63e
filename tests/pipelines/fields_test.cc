// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include "core/error.h"
#include "pipelines/registry.h"
#include "support/test_files.h"

namespace riffle::pipelines {
namespace {

struct Sample {
  std::string name;
  std::string kind = "soft";
  int64_t count = 3;
  double level = -6.5;
  bool loud = false;
  std::optional<int64_t> maybe_seed;
  std::optional<double> maybe_hz;

  void visit(FieldVisitor& v) {
    v.field(name, {.name = "name", .help = "Its name", .required = true});
    v.field(kind, {.name = "kind", .help = "Its kind", .choices = {"soft", "hard"}});
    v.field(count, {.name = "count", .help = "How many", .minimum = 1, .maximum = 10});
    v.field(level, {.name = "level", .help = "How loud", .unit = "dB", .maximum = 0});
    v.field(loud, {.name = "loud", .help = "Or not"});
    v.field(maybe_seed, {.name = "seed", .help = "A seed", .minimum = 0});
    v.field(maybe_hz, {.name = "hz", .help = "A pitch", .unit = "Hz", .minimum = 20});
  }
};

Sample read(const Json& json) { return request_from_json<Sample>(json, "sample"); }

TEST(Fields, AreReadAndWrittenBack) {
  const Json given = {{"name", "\u00fcber"}, {"kind", "hard"}, {"count", 7}, {"level", -12.25},
                      {"loud", true},        {"seed", 0},      {"hz", 440}};
  const Sample sample = read(given);
  EXPECT_EQ(sample.name, "\u00fcber");
  EXPECT_EQ(sample.count, 7);
  EXPECT_EQ(sample.maybe_seed, 0);
  EXPECT_EQ(sample.maybe_hz, 440.0);
  EXPECT_EQ(Json(request_to_json(sample)), given);
}

TEST(Fields, KeepTheirDefaultsWhenAbsentOrNull) {
  const Sample sample = read({{"name", "a"}, {"count", nullptr}, {"hz", nullptr}});
  EXPECT_EQ(sample.count, 3);
  EXPECT_EQ(sample.kind, "soft");
  EXPECT_FALSE(sample.maybe_hz.has_value());
  const OrderedJson written = request_to_json(sample);
  EXPECT_FALSE(written.contains("hz"));
  EXPECT_EQ(request_to_json(read(Json(written))), written);
}

TEST(Fields, RefuseWhatTheyAreNot) {
  const auto with = [](const char* key, Json value) {
    return Json{{"name", "a"}, {key, std::move(value)}};
  };
  const struct {
    Json json;
    const char* part;
  } cases[] = {
      {Json::array(), "expected a JSON object, got array"},
      {Json::object(), "name is missing"},
      {{{"name", ""}}, "name is missing"},
      {{{"name", 3}}, "name must be a text, got 3"},
      {with("kind", "medium"), "kind must be one of soft, hard, got \"medium\""},
      {with("count", "3"), "count must be a whole number from 1 to 10, got \"3\""},
      {with("count", 2.5), "count must be a whole number"},
      {with("count", 0), "from 1 to 10, got 0"},
      {with("count", 11), "from 1 to 10, got 11"},
      {with("seed", std::numeric_limits<uint64_t>::max()), "seed must be a whole number"},
      {with("seed", 1e300), "seed must be a whole number"},
      {with("level", 0.5), "level must be a number of at most 0 dB, got 0.5"},
      {with("level", true), "level must be a number"},
      {with("hz", 19.9), "hz must be a number of at least 20 Hz, got 19.9"},
      {with("hz", std::numeric_limits<double>::infinity()), "hz must be a number"},
      {with("loud", 1), "loud must be true or false, got 1"},
      {with("coutn", 3), "there is no field \"coutn\""},
  };
  for (const auto& c : cases) {
    EXPECT_RIFFLE_ERROR(read(c.json), ErrorCode::InvalidArgument, c.part);
    EXPECT_RIFFLE_ERROR(read(c.json), ErrorCode::InvalidArgument, "sample: ");
  }
  EXPECT_EQ(read(with("count", 3.0)).count, 3);  // some programs write all numbers so
}

TEST(Fields, SayWhichFieldsThereAre) {
  try {
    read({{"name", "a"}, {"coutn", 3}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("name, kind, count"), std::string::npos) << e.hint();
  }
}

TEST(Fields, CutLongValuesShortInMessages) {
  try {
    read({{"name", "a"}, {"count", std::string(100'000, 'x')}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_LT(e.message().size(), 200U);
  }
}

TEST(Fields, AreListedWithKindsAndDefaults) {
  const std::vector<Field> fields = fields_of<Sample>();
  ASSERT_EQ(fields.size(), 7U);
  EXPECT_EQ(fields[0].kind, FieldKind::Text);
  EXPECT_TRUE(fields[0].default_value.is_null());
  EXPECT_TRUE(fields[0].info.required);
  EXPECT_EQ(fields[1].default_value, "soft");
  EXPECT_EQ(fields[2].kind, FieldKind::Integer);
  EXPECT_EQ(fields[2].default_value, 3);
  EXPECT_EQ(fields[3].kind, FieldKind::Number);
  EXPECT_EQ(fields[4].kind, FieldKind::Boolean);
  EXPECT_EQ(fields[4].default_value, false);
  EXPECT_TRUE(fields[5].default_value.is_null());
  EXPECT_EQ(fields[6].info.unit, "Hz");
}

TEST(Registry, NamesEveryPipelineOnce) {
  std::set<std::string_view> names;
  for (const PipelineEntry& entry : pipeline_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(&pipeline_entry(entry.name), &entry);
    EXPECT_FALSE(entry.summary.empty());
    EXPECT_TRUE(entry.examples.starts_with("riffle " + std::string(entry.name) + " "));
  }
  EXPECT_RIFFLE_ERROR(pipeline_entry("generat"), ErrorCode::NotFound, "generat");
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == name.npos;
}

void expect_range_holds(const Field& field) {
  const FieldInfo& info = field.info;
  if (info.minimum && info.maximum) {
    EXPECT_LT(*info.minimum, *info.maximum);
  }
  if (!field.default_value.is_number()) return;
  const auto value = field.default_value.get<double>();
  if (info.minimum) {
    EXPECT_GE(value, *info.minimum);
  }
  if (info.maximum) {
    EXPECT_LE(value, *info.maximum);
  }
}

TEST(Registry, DescribesEveryFieldFully) {
  for (const PipelineEntry& entry : pipeline_table()) {
    std::set<std::string> names;
    std::set<int> places;
    for (const Field& field : entry.fields()) {
      SCOPED_TRACE(std::string(entry.name) + "." + field.info.name);
      EXPECT_TRUE(is_plain_name(field.info.name));
      EXPECT_TRUE(names.insert(field.info.name).second);
      EXPECT_FALSE(field.info.help.empty());
      EXPECT_EQ(field.info.help.find('\n'), std::string::npos);
      if (field.info.place > 0) {
        EXPECT_TRUE(places.insert(field.info.place).second);
      }
      expect_range_holds(field);
      if (!field.info.choices.empty() && !field.info.required) {
        EXPECT_EQ(std::ranges::count(field.info.choices, field.default_value.get<std::string>()),
                  1);
      }
    }
    // Places on the command line have no holes.
    for (const int place : places) EXPECT_LE(place, static_cast<int>(places.size()));
  }
}

// The required fields, and those that pipelines need between them.
Json least_request(const PipelineEntry& entry) {
  Json least = Json::object();
  for (const Field& field : entry.fields()) {
    if (field.info.required) least[field.info.name] = field.info.name == "from" ? "0s" : "1s";
  }
  if (entry.name == "compose") least["plan"] = R"({"tracks": [{"prompt": "x"}]})";
  if (entry.name == "interpolate") least["prompt"] = "x";
  return least;
}

// What the fields say of their defaults is what a request made of the required ones alone holds.
TEST(Registry, ChecksRequestsWithoutAModel) {
  for (const PipelineEntry& entry : pipeline_table()) {
    SCOPED_TRACE(entry.name);
    Json least = least_request(entry);
    EXPECT_NO_THROW(entry.check(least));
    if (std::ranges::any_of(entry.fields(), [](const Field& f) { return f.info.required; })) {
      EXPECT_RIFFLE_ERROR(entry.check(Json::object()), ErrorCode::InvalidArgument, "is missing");
    }
    least["no_such_field"] = 1;
    EXPECT_RIFFLE_ERROR(entry.check(least), ErrorCode::InvalidArgument, "no_such_field");
  }
}

// Every field is right, and they do not go together.
TEST(Registry, ChecksFieldsAgainstEachOther) {
  const auto refused = [](const char* name, const Json& more, const char* part) {
    SCOPED_TRACE(std::string(name) + more.dump());
    const PipelineEntry& entry = pipeline_entry(name);
    Json request = least_request(entry);
    request.update(more);
    EXPECT_RIFFLE_ERROR(entry.check(request), ErrorCode::InvalidArgument, part);
  };
  for (const char* name : {"accompany", "solo", "compose"}) {
    refused(name, {{"chords", "Am | F"}}, "chords need a tempo");
    refused(name, {{"chords", "Am | H"}, {"bpm", 100}}, "chords: ");
  }
  EXPECT_NO_THROW(pipeline_entry("generate").check({{"prompt", "x, 90 bpm"}, {"chords", "Am"}}));
  refused("generate", {{"chords", "Am | H"}}, "chords: ");
  refused("generate", {{"prompt", "0s: piano; drums"}}, "does not begin with a time");
  refused("generate", {{"varied_before", "0.3"}}, "varied_before");
  for (const char* name : {"generate", "solo", "compose", "interpolate", "extend", "extend-stem"}) {
    refused(name, {{"bars", 4}}, "without a tempo");
    refused(name, {{"bars", 4}, {"bpm", 100}, {"seconds", 3}}, "in seconds and in bars");
  }
  refused("interpolate", {{"prompt", ""}}, "nothing to come to");
  refused("interpolate", {{"to", "b.wav"}}, "two things");
  for (const char* name : {"inpaint", "inpaint-stem"}) {
    refused(name, {{"from", "soon"}}, "from: \"soon\" is no time");
    refused(name, {{"from", "1s"}}, "nothing lies between 1s and 1s");
    refused(name, {{"to", "2 bars"}}, "without a tempo");
  }
  refused("compose", {{"plan", R"({"tracks": []})"}}, "list of tracks");
  refused("compose", {{"plan", ""}}, "nothing to compose");
}

}  // namespace
}  // namespace riffle::pipelines
