// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/listening.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "eval/listening_page_text.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostCsvBytes = 64 << 20;
constexpr const char* kHeader = "listener,question,trial,system,score";
constexpr std::string_view kDataMark = "{{DATA}}";
// What browsers play.
const std::set<std::string> kEndings = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"};

std::map<std::string, fs::path> sounds_in(const fs::path& folder) {
  std::map<std::string, fs::path> sounds;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (entry.is_regular_file() && kEndings.contains(path.extension().string())) {
      sounds[path.stem().string()] = path;
    }
  }
  return sounds;
}

// JSON that may stand inside a script element.
std::string embedded(const OrderedJson& json) {
  std::string text = json.dump();
  for (size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at)) {
    text.replace(at, 1, "\\u003c");
  }
  return text;
}

// A line of CSV, with quotes around fields that need them.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

std::set<std::string> listeners_asleep(const std::vector<ListeningScore>& scores,
                                       const std::string& reference) {
  std::map<std::string, std::pair<int64_t, int64_t>> low_of_all;
  for (const ListeningScore& score : scores) {
    if (score.system != reference) continue;
    auto& [low, all] = low_of_all[score.listener];
    low += score.score < 90 ? 1 : 0;
    ++all;
  }
  std::set<std::string> asleep;
  for (const auto& [listener, counts] : low_of_all) {
    if (static_cast<double>(counts.first) > 0.15 * static_cast<double>(counts.second)) {
      asleep.insert(listener);
    }
  }
  return asleep;
}

SystemScore summary_of(const std::vector<double>& values) {
  SystemScore summary{.question = {}, .system = {}, .count = std::ssize(values)};
  for (const double value : values) summary.mean += value;
  summary.mean /= static_cast<double>(summary.count);
  if (summary.count < 2) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  const double variance = squares / static_cast<double>(summary.count - 1);
  summary.interval = 1.96 * std::sqrt(variance / static_cast<double>(summary.count));
  return summary;
}

}  // namespace

std::vector<ListeningTrial> listening_trials(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::NotFound, folder.string() + ": there is no such folder");
  }
  std::map<std::string, std::map<std::string, fs::path>> systems;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) systems[entry.path().filename().string()] = sounds_in(entry.path());
  }
  if (systems.size() < 2) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: {} folders of sounds, expected two at least", folder.string(),
                            systems.size()),
                "a folder a system, with sounds of the same names in each");
  }
  std::vector<ListeningTrial> trials;
  for (const auto& [name, first] : systems.begin()->second) {
    ListeningTrial trial{.name = name, .stimuli = {}};
    for (const auto& [system, sounds] : systems) {
      if (const auto found = sounds.find(name); found != sounds.end()) {
        trial.stimuli.push_back({system, found->second});
      }
    }
    if (trial.stimuli.size() == systems.size()) trials.push_back(std::move(trial));
  }
  if (trials.empty()) {
    throw Error(ErrorCode::NotFound,
                folder.string() + ": no sound has the same name in every folder");
  }
  return trials;
}

void write_listening_page(const std::vector<ListeningTrial>& trials, const ListeningPage& page,
                          const fs::path& folder, const Job& job) {
  fs::create_directories(folder);
  std::mt19937_64 random(page.seed);
  OrderedJson list = OrderedJson::array();
  for (const ListeningTrial& trial : trials) {
    OrderedJson stimuli = OrderedJson::array();
    OrderedJson reference;
    for (const Stimulus& stimulus : trial.stimuli) {
      job.check();
      const std::string name =
          fmt::format("{:016x}{}", random(), stimulus.sound.extension().string());
      PendingFile copy(folder / name);
      fs::copy_file(stimulus.sound, copy.path(), fs::copy_options::overwrite_existing);
      copy.commit();
      stimuli.push_back({{"system", stimulus.system}, {"sound", name}});
      if (stimulus.system == page.reference) reference = name;
    }
    if (!page.reference.empty() && reference.is_null()) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("the reference \"{}\" is none of the systems", page.reference));
    }
    list.push_back({{"name", trial.name}, {"stimuli", stimuli}, {"reference", reference}});
    job.report("copy", std::ssize(list), std::ssize(trials));
  }
  const OrderedJson data = {
      {"title", page.title}, {"questions", page.questions}, {"trials", std::move(list)}};
  std::string html(kListeningPageText);
  html.replace(html.find(kDataMark), kDataMark.size(), embedded(data));
  write_text_file(folder / "index.html", html);
}

std::vector<ListeningScore> read_listening_scores(const fs::path& csv) {
  const std::string text = read_text_file(csv, kMostCsvBytes);
  std::vector<ListeningScore> scores;
  size_t number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::vector<std::string> fields = fields_of(text.substr(start, end - start));
    start = end + 1;
    ++number;
    if (number == 1 && fmt::format("{}", fmt::join(fields, ",")) == kHeader) continue;
    if (fields.size() == 1 && fields[0].empty()) continue;
    double score = -1;
    if (fields.size() == 5) {
      const std::string& value = fields[4];
      const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), score);
      if (error != std::errc{} || rest != value.data() + value.size()) score = -1;
    }
    if (!(score >= 0 && score <= 100)) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: line {}: expected {}, the score from 0 to 100", csv.string(),
                              number, kHeader));
    }
    scores.push_back({fields[0], fields[1], fields[2], fields[3], score});
  }
  return scores;
}

std::vector<SystemScore> summarise(const std::vector<ListeningScore>& scores,
                                   const std::string& reference) {
  const std::set<std::string> asleep = listeners_asleep(scores, reference);
  std::map<std::pair<std::string, std::string>, std::vector<double>> values;
  for (const ListeningScore& score : scores) {
    if (!asleep.contains(score.listener)) {
      values[{score.question, score.system}].push_back(score.score);
    }
  }
  std::vector<SystemScore> rows;
  for (const auto& [key, list] : values) {
    SystemScore row = summary_of(list);
    row.question = key.first;
    row.system = key.second;
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(rows, [](const SystemScore& a, const SystemScore& b) {
    return a.question != b.question ? a.question < b.question : a.mean > b.mean;
  });
  return rows;
}

}  // namespace riffle::eval
