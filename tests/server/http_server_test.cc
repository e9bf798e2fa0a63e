// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP server on its own: bodies as they come, and as they must not.
#include "server/http_server.h"

#include <gtest/gtest.h>
#include <httplib.h>
#include <zlib.h>

#include <string>
#include <thread>

#include "server/problem.h"

namespace riffle::server {
namespace {

constexpr size_t kMaxBody = 4096;

std::string packed(const std::string& bytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Answers how many bytes of a file it was handed.
class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    thread_ = std::thread([this] { server_.run(); });
  }
  void TearDown() override {
    server_.stop();
    thread_.join();
  }
  httplib::Result post(const std::string& body, const char* type, bool is_packed) {
    httplib::Client client("127.0.0.1", server_.port());
    httplib::Headers headers;
    if (is_packed) headers.emplace("Content-Encoding", "gzip");
    return client.Post("/files", headers, is_packed ? packed(body) : body, type);
  }

 private:
  static Response answer(Request& request) {
    size_t size = 0;
    try {
      request.read_file({.on_name = [](const std::string&) {},
                         .on_bytes = [&](std::string_view bytes) { size += bytes.size(); }});
    } catch (const ProblemError& e) {
      return problem_response(e.problem());
    }
    return {.content_type = "text/plain", .body = std::to_string(size)};
  }

  HttpServer server_{{.port = 0, .max_body = kMaxBody}, &answer};
  std::thread thread_;
};

TEST_F(HttpServerTest, APackedBodyIsMeasuredUnpacked) {
  const std::string plain = "application/octet-stream";
  for (const bool is_packed : {false, true}) {
    const auto good = post(std::string(kMaxBody, 'x'), plain.c_str(), is_packed);
    ASSERT_TRUE(good);
    EXPECT_EQ(good->status, 200);
    EXPECT_EQ(good->body, std::to_string(kMaxBody));
    const auto large = post(std::string(100 * kMaxBody, 'x'), plain.c_str(), is_packed);
    ASSERT_TRUE(large);
    EXPECT_EQ(large->status, 413) << large->body;
  }
}

// Parts nobody asked for count too.
TEST_F(HttpServerTest, SoIsAPackedForm) {
  const auto form = [](size_t size) {
    return "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n" +
           std::string(size, 'x') +
           "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
           "four\r\n--b--\r\n";
  };
  const char* type = "multipart/form-data; boundary=b";
  const auto good = post(form(100), type, true);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->status, 200);
  EXPECT_EQ(good->body, "4");
  const auto large = post(form(100 * kMaxBody), type, true);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->status, 413) << large->body;
}

}  // namespace
}  // namespace riffle::server
