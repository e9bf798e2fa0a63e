// SPDX-License-Identifier: GPL-3.0-or-later
// Requests that were damaged at random, the same way every time: whatever arrives is answered with
// what is wrong about it, never with a fault of the server, and the server lives on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "api/api.h"
#include "core/files.h"

namespace riffle::test {
namespace {

const std::vector<std::string> kJsonPieces = {
    "{",       "}",      "[",       "]",     "\"",   ":",          ",",
    "null",    "true",   "-1",      "0",     "1e99", "1e-400",     "99999999999999999999",
    "NaN",     "\\",     "\\u0000", "\"\"",  "\xff", "\\ud800",    "[[[[[[[[[[[[[[[[",
    "\"x\":1", "../../", "clip_",   "seed:", "up_",  "\"seed\":{}"};
const std::vector<std::string> kFormPieces = {"\r\n",
                                              "\r\n\r\n",
                                              "--XX",
                                              "--XX--",
                                              "\r\n--XX\r\n",
                                              ";",
                                              "=",
                                              "\"",
                                              "\n",
                                              "\r",
                                              "--",
                                              ":",
                                              "name=",
                                              "filename=*",
                                              "name=\"",
                                              "\xff\xfe",
                                              "Content-Disposition: form-data; name=\"file\"",
                                              "Content-Type: multipart/mixed"};

class Damage {
 public:
  explicit Damage(const std::vector<std::string>& pieces) : pieces_(pieces) {}

  std::string of(std::string text) {
    for (size_t times = 1 + below(4); times > 0; --times) {
      const size_t at = below(text.size() + 1);
      const size_t count = below(std::min<size_t>(12, text.size() - at + 1));
      switch (below(5)) {
        case 0:
          text.erase(at, count);
          break;
        case 1:
          text.insert(at, pieces_[below(pieces_.size())]);
          break;
        case 2:
          text.replace(at, count, pieces_[below(pieces_.size())]);
          break;
        case 3:
          text.insert(below(text.size() + 1), text.substr(at, count));
          break;
        default:
          if (at < text.size()) text[at] = static_cast<char>(below(256));
      }
    }
    return text;
  }

 private:
  size_t below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  const std::vector<std::string>& pieces_;
  std::mt19937 random_{20};
};

class DamagedRequests : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path(), {"--queue", "8", "--max-upload-mb", "1"});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete folder_;
  }
  // Still there, with nothing left to do.
  void TearDown() override {
    EXPECT_EQ(server_->get("/healthz").at("status"), "ok");
    server_->clear();
    for (const Json& jam : server_->get("/api/v1/jams").at("jams")) {
      server_->call("DELETE", jam.at("url"), nullptr, 200);
    }
  }

  static int status_of(const std::string& line, const std::string& type, const std::string& body) {
    const std::string answer = server_->raw(
        fmt::format("{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {}\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    line, type, body.size(), body));
    return answer.size() < 12 ? 0 : std::atoi(answer.substr(9, 3).c_str());
  }
  // faulty: what a server of this kind may answer with where nothing can be read.
  static void try_many(const std::string& line, const std::string& body, int times,
                       int faulty = 400) {
    Damage damage(kJsonPieces);
    int refused = 0;
    for (int i = 0; i < times; ++i) {
      const std::string damaged = damage.of(body);
      const int status = status_of(line, "application/json", damaged);
      EXPECT_TRUE((status >= 200 && status < 500) || status == faulty)
          << line << " " << status << ": " << damaged;
      refused += status >= 400 ? 1 : 0;
    }
    EXPECT_GT(refused, times / 4) << line;
  }

  static TemporaryFolder* folder_;
  static ApiServer* server_;
};
TemporaryFolder* DamagedRequests::folder_ = nullptr;
ApiServer* DamagedRequests::server_ = nullptr;

TEST_F(DamagedRequests, OfJobs) {
  try_many("POST /api/v1/jobs",
           R"({"pipeline":"generate","title":"t","tags":["a"],"preview_interval":0,
               "request":{"prompt":"x","seconds":0.1,"steps":1,"decode_iterations":1,"seed":1}})",
           400);
  try_many("POST /api/v1/jobs",
           R"({"pipeline":"inpaint","request":{"prompt":"x","file":"seed:og_beat","from":"0.1s",
               "to":"0.2s","steps":1,"decode_iterations":1,"low_hz":100}})",
           200);
}

TEST_F(DamagedRequests, OfJams) {
  try_many("POST /api/v1/jams",
           R"({"prompt":"x","steps":1,"ahead":1,"queue":["a","b"],"seed_image":null,"bpm":240,
               "beats_per_bar":1,"segments":1,"denoising":0.5})",
           200);
}

TEST_F(DamagedRequests, OfOtherClients) {
  try_many("POST /v1/audio/generations",
           R"({"prompt":"x","n":1,"duration":0.1,"steps":1,"response_format":"url"})", 60);
  // What Flask says to a body that is no JSON.
  try_many("POST /run_inference/",
           R"({"alpha":0,"num_inference_steps":1,"seed_image_id":"og_beat","mask_image_id":null,
               "start":{"prompt":"x","seed":1,"denoising":0.75,"guidance":7},
               "end":{"prompt":"x","seed":2,"denoising":0.75,"guidance":7}})",
           60, 500);
}

TEST_F(DamagedRequests, OfUploads) {
  write_sound(*folder_ / "s.wav", make_sound(0.02));
  const std::string form =
      "--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"s.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\n" +
      read_text_file(*folder_ / "s.wav", 1 << 20) + "\r\n--XX--\r\n";
  const std::string type = "multipart/form-data; boundary=XX";
  EXPECT_EQ(status_of("POST /api/v1/uploads", type, form), 201);
  Damage damage(kFormPieces);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    // The head of the form is damaged more often than the sound in it.
    const std::string damaged = damage.of(form.substr(0, 200)) + damage.of(form.substr(200));
    const int status =
        status_of("POST /api/v1/uploads", i % 8 == 0 ? damage.of(type) : type, damaged);
    EXPECT_TRUE(status == 201 || (status >= 400 && status < 500)) << status << ": " << damaged;
    refused += status >= 400 ? 1 : 0;
  }
  EXPECT_GT(refused, 100);
  for (const std::string& name : names_in(*folder_ / "library/uploads")) {
    EXPECT_EQ(name.find(".part"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace riffle::test
