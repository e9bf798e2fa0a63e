// SPDX-License-Identifier: GPL-3.0-or-later
// Riffusion's endpoint as its own clients use it, and OpenAI's shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api.h"
#include "audio/read_audio.h"
#include "core/files.h"
#include "image/picture_file.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string decoded(const std::string& text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kLetters.find(c);
    if (value == std::string_view::npos) continue;  // newlines and padding
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return bytes;
}

class Compatible : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    std::filesystem::create_directory(*folder_ / "seeds");
    image::Picture mask(96, 64);
    std::fill(mask.rgb.begin(), mask.rgb.begin() + 96 * 3 * 32, uint8_t{255});
    image::write_picture(*folder_ / "seeds/mask_top.png", mask);
    image::write_picture(*folder_ / "seeds/plain.png", image::Picture(100, 64));
    server_ = new ApiServer(folder_->path(), {"--seed-images", (*folder_ / "seeds").string()});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete folder_;
  }
  static ApiServer& server() { return *server_; }
  // As the web app's own route sends it.
  static Json request() {
    return Json::parse(R"({"alpha":0,"num_inference_steps":3,"seed_image_id":"plain",
        "mask_image_id":null,
        "start":{"prompt":"lo-fi beat for the holidays","seed":674,"denoising":0.75,"guidance":7},
        "end":{"prompt":"lo-fi beat for the holidays","seed":675,"denoising":0.75,"guidance":7}})");
  }
  static Answer infer(const Json& body) {
    return server().ask("POST", "/run_inference/", body.dump(),
                        {.headers = {{"Content-Type", "text/plain;charset=UTF-8"}}});
  }
  static TemporaryFolder* folder_;
  static ApiServer* server_;
};
TemporaryFolder* Compatible::folder_ = nullptr;
ApiServer* Compatible::server_ = nullptr;

TEST_F(Compatible, RiffusionIsAnsweredAsItAnswers) {
  const Answer answer = infer(request());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "text/html; charset=utf-8");
  const Json made = answer.json();
  EXPECT_TRUE(open_api().check_named(made, "RiffusionOutput").empty());
  const std::string image = made.at("image");
  const std::string sound = made.at("audio");
  EXPECT_THAT(image, StartsWith("data:image/jpeg;base64,"));
  EXPECT_THAT(sound, StartsWith("data:audio/mpeg;base64,"));
  // Python's encodebytes: lines of 76 letters, the last one ended too.
  EXPECT_EQ(image.find('\n'), std::string("data:image/jpeg;base64,").size() + 76);
  EXPECT_EQ(image.back(), '\n');
  write_text_file(*folder_ / "r.jpg", decoded(image.substr(23)));
  const image::Picture picture = image::read_picture(*folder_ / "r.jpg");
  EXPECT_EQ(picture.width, 96);  // 100 floored to a multiple of 32
  EXPECT_EQ(picture.height, 64);
  EXPECT_TRUE(picture.exif.empty());
  write_text_file(*folder_ / "r.mp3", decoded(sound.substr(23)));
  const audio::Waveform heard = audio::read_audio(*folder_ / "r.mp3");
  EXPECT_EQ(heard.channels(), 1);
  EXPECT_NEAR(made.at("duration_s").get<double>(), 95 * 441.0 / 22050, 1e-6);
  EXPECT_NEAR(heard.duration_s(), made.at("duration_s").get<double>(), 0.1);
  EXPECT_EQ(infer(request()).body, answer.body);
}

TEST_F(Compatible, RiffusionsValidationIsDacites) {
  const auto refused = [&](const char* pointer, const Json& value, const char* text) {
    Json body = request();
    body[Json::json_pointer(pointer)] = value;
    const Answer answer = infer(body);
    EXPECT_EQ(answer.status, 400) << pointer;
    EXPECT_EQ(answer.headers.at("content-type"), "text/html; charset=utf-8");
    EXPECT_THAT(answer.body, HasSubstr(text));
  };
  refused("/start/seed", 1.5, "wrong value type for field \"start.seed\" - should be \"int\"");
  refused("/end/prompt", 7, "wrong value type for field \"end.prompt\" - should be \"str\"");
  refused("/alpha", "0", "field \"alpha\" - should be \"float\"");
  refused("/seed_image_id", "nothing", "Invalid seed image: nothing");
  refused("/seed_image_id", "../../../etc/passwd", "Invalid seed image: ../../../etc/passwd");
  refused("/seed_image_id", "", "Invalid seed image: ");
  refused("/mask_image_id", "..\\x", "Invalid mask image: ");
  refused("/alpha", 1.5, "alpha");
  refused("/num_inference_steps", 1000000, "num_inference_steps");
  Json lacking = request();
  lacking.at("start").erase("prompt");
  EXPECT_THAT(infer(lacking).body, HasSubstr("missing value for field \"start.prompt\""));
  lacking.erase("start");
  EXPECT_THAT(infer(lacking).body, HasSubstr("missing value for field \"start\""));
  EXPECT_EQ(server().ask("POST", "/run_inference/", "{nonsense").status, 500);
  EXPECT_EQ(server().ask("POST", "/run_inference", "{}", {.described = false}).status, 308);
  EXPECT_EQ(server().ask("GET", "/run_inference/").status, 405);
}

TEST_F(Compatible, RiffusionTakesWhatTheOriginalTakes) {
  Json body = request();
  body["unknown"] = 1;
  body["start"]["negative_prompt"] = nullptr;
  body["start"]["seed"] = true;
  body["mask_image_id"] = "";
  EXPECT_EQ(infer(body).status, 200);
  body["mask_image_id"] = "mask_top";
  body["alpha"] = 0.25;
  EXPECT_EQ(infer(body).status, 200);
  body.erase("seed_image_id");  // og_beat, which is built in
  body["mask_image_id"] = nullptr;
  EXPECT_EQ(infer(body).status, 200);
}

TEST_F(Compatible, OpenAisShapeWithPlainExtraFields) {
  const Json asked = {{"model", "riffle"},
                      {"prompt", "funky piano"},
                      {"n", 2},
                      {"duration", 0.5},
                      {"seed", 3},
                      {"steps", 2},
                      {"format", "flac"},
                      {"user", "me"},
                      {"something_else", 1}};
  const Json made = server().call("POST", "/v1/audio/generations", asked, 200);
  ASSERT_EQ(made.at("data").size(), 2U);
  EXPECT_EQ(made.at("data")[0].at("seed"), 3);
  EXPECT_EQ(made.at("data")[1].at("seed"), 4);
  EXPECT_EQ(server().ask("GET", made.at("data")[1].at("url")).body.substr(0, 4), "fLaC");
  Json embedded = asked;
  embedded.update({{"response_format", "b64_json"}, {"n", 1}, {"format", "wav"}});
  const Json inside = server().call("POST", "/v1/audio/generations", embedded, 200);
  EXPECT_EQ(decoded(inside.at("data")[0].at("b64_json")).substr(0, 4), "RIFF");
  embedded["response_format"] = "binary";
  const Answer bytes = server().ask("POST", "/v1/audio/generations", embedded.dump());
  EXPECT_EQ(bytes.headers.at("content-type"), "audio/wav");
  EXPECT_EQ(bytes.body.substr(0, 4), "RIFF");
  EXPECT_EQ(server().get("/v1/models").at("object"), "list");
}

TEST_F(Compatible, OpenAisErrorsHaveTheirShape) {
  const auto fault = [&](const Json& body, int status, const char* part) {
    const Json error = server().call("POST", "/v1/audio/generations", body, status).at("error");
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    EXPECT_THAT(error.at("message").get<std::string>(), HasSubstr(part));
  };
  fault({{"n", 1}}, 400, "prompt");
  fault({{"prompt", "x"}, {"n", 99}}, 400, "n must be");
  fault({{"prompt", "x"}, {"model", "gpt-4"}}, 404, "model");
  fault({{"prompt", "x"}, {"format", "exe"}}, 400, "format");
  fault({{"prompt", "x"}, {"steps", "many"}}, 400, "steps");
  EXPECT_TRUE(server().call("GET", "/v1/nothing", nullptr, 404).contains("error"));
}

}  // namespace
}  // namespace riffle::test
