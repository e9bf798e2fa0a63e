// SPDX-License-Identifier: GPL-3.0-or-later
// Requests and responses as routes see them, without the library that carries them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riffle::server {

// Compares as header names are compared: ASCII capitals do not matter.
struct HeaderLess {
  bool operator()(const std::string& a, const std::string& b) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
  }
};

// The file of an upload, handed over piece by piece.
struct IncomingFile {
  std::function<void(const std::string& name)> on_name;  // before its bytes, where it has one
  std::function<void(std::string_view bytes)> on_bytes;
};

struct Request {
  std::string method = {};                             // upper case; HEAD is given as GET
  std::string path = {};                               // decoded, without the query
  std::map<std::string, std::string> parameters = {};  // of the route's pattern
  std::multimap<std::string, std::string> query = {};  // decoded
  std::multimap<std::string, std::string, HeaderLess> headers = {};
  std::string remote = {};  // address of the other side
  std::string body = {};    // filled for routes that take a text

  // For routes that take a file: reads the field "file" of a form, or the body itself. What the
  // callbacks throw comes out.
  std::function<void(const IncomingFile& file)> read_file = {};

  const std::string* header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? nullptr : &found->second;
  }
  const std::string* query_value(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? nullptr : &found->second;
  }
  const std::string& parameter(const std::string& name) const { return parameters.at(name); }
};

// What a producer writes into.
class Sink {
 public:
  virtual ~Sink() = default;
  // False: the other side is gone, or the server stops; the producer returns.
  virtual bool write(std::string_view bytes) = 0;
  virtual bool is_open() = 0;
};
using Producer = std::function<void(Sink& sink)>;

// Exactly one of body, file and producer is sent.
struct Response {
  int status = 200;
  std::string content_type = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::filesystem::path file = {};  // with Range and ETag
  Producer producer = {};           // as long as it runs, in chunks
};

}  // namespace riffle::server
