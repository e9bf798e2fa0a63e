// SPDX-License-Identifier: GPL-3.0-or-later
// The library and uploads over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <span>

#include "api/api.h"
#include "audio/audio_writer.h"
#include "audio/read_audio.h"
#include "core/files.h"
#include "image/picture_file.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

class LibraryApi : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path(), {"--max-upload-mb", "2"});
    write_sound(*folder_ / "song.wav", make_sound(2, 2));
    clip_ = new Json(server_->make());
  }
  static void TearDownTestSuite() {
    delete clip_;
    delete server_;
    delete folder_;
  }
  static ApiServer& server() { return *server_; }
  static std::string bytes_of(const std::string& name) {
    return read_text_file(*folder_ / name, 64 << 20);
  }
  static Answer upload(const std::string& name, const std::string& bytes) {
    return server().ask("POST", "/api/v1/uploads?name=" + name, bytes,
                        {.headers = {{"Content-Type", "application/octet-stream"}}});
  }
  static TemporaryFolder* folder_;
  static ApiServer* server_;
  static Json* clip_;
};
TemporaryFolder* LibraryApi::folder_ = nullptr;
ApiServer* LibraryApi::server_ = nullptr;
Json* LibraryApi::clip_ = nullptr;

TEST_F(LibraryApi, ClipsAreFoundChangedAndRemoved) {
  const Json clip = server().make({{"prompt", "sad violin at night"}});
  const std::string url = clip.at("url");
  EXPECT_EQ(server().get("/api/v1/clips?q=violin%20NIGHT").at("total"), 1);
  EXPECT_EQ(server().get("/api/v1/clips?q=trumpet").at("total"), 0);
  const Json changed = server().call(
      "PATCH", url, {{"title", "Hello \"there\""}, {"rating", 5}, {"tags", {"blue", "x"}}}, 200);
  EXPECT_EQ(changed.at("rating"), 5);
  EXPECT_EQ(server().get("/api/v1/clips?tag=blue&rating_min=5").at("total"), 1);
  EXPECT_EQ(server().get("/api/v1/tags").at("tags").size(), 2U);
  const Answer file = server().ask("GET", url + "/audio.wav?download=1");
  EXPECT_EQ(file.headers.at("content-disposition"), "attachment; filename=\"Hello _there_.wav\"");
  server().call("PATCH", url, {{"rating", 6}}, 400);
  server().call("PATCH", url, {{"stars", 5}}, 400);
  EXPECT_EQ(server().ask("DELETE", url).status, 204);
  EXPECT_EQ(server().ask("GET", url).status, 404);
  EXPECT_EQ(server().ask("GET", url + "/audio.wav").status, 404);
}

TEST_F(LibraryApi, PagesFollowEachOther) {
  for (int i = 0; i < 3; ++i) server().make({{"prompt", "page test"}});
  std::set<std::string> seen;
  std::string next = "/api/v1/clips?q=page&limit=2&sort=oldest";
  int pages = 0;
  while (!next.empty()) {
    const Json page = server().get(next);
    EXPECT_EQ(page.at("total"), 3);
    for (const Json& clip : page.at("clips")) seen.insert(clip.at("id").get<std::string>());
    next = page.at("next").is_null() ? "" : page.at("next").get<std::string>();
    ++pages;
  }
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(pages, 2);
  server().call("GET", "/api/v1/clips?limit=0", nullptr, 400);
  server().call("GET", "/api/v1/clips?limit=all", nullptr, 400);
  server().call("GET", "/api/v1/clips?sort=loudest", nullptr, 400);
}

TEST_F(LibraryApi, ResultsComeInPartsAndAreRemembered) {
  const std::string url = clip_->at("audio_url");
  const Answer whole = server().ask("GET", url);
  EXPECT_EQ(whole.headers.at("accept-ranges"), "bytes");
  const auto part = [&](const char* range) {
    return server().ask("GET", url, "", {.headers = {{"Range", range}}});
  };
  const Answer middle = part("bytes=100-199");
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, whole.body.substr(100, 100));
  EXPECT_EQ(middle.headers.at("content-range"),
            "bytes 100-199/" + std::to_string(whole.body.size()));
  EXPECT_EQ(part("bytes=-7").body, whole.body.substr(whole.body.size() - 7));
  EXPECT_EQ(part("bytes=40-").body, whole.body.substr(40));
  EXPECT_EQ(part("bytes=99999999-").status, 416);
  EXPECT_EQ(part("bytes=0-0,5-9").status, 200);
  EXPECT_EQ(part("nonsense=1").status, 416);  // refused by the server library before we see it
  const std::string tag = whole.headers.at("etag");
  EXPECT_EQ(server().ask("GET", url, "", {.headers = {{"If-None-Match", tag}}}).status, 304);
  const Answer stale = server().ask(
      "GET", url, "", {.headers = {{"Range", "bytes=0-9"}, {"If-Range", "\"other\""}}});
  EXPECT_EQ(stale.status, 200);
  EXPECT_EQ(stale.body.size(), whole.body.size());
}

TEST_F(LibraryApi, EveryFormatIsMadeWhenAskedFor) {
  const std::string url = clip_->at("url");
  for (const Json& format : server().get("/api/v1/capabilities").at("audio_formats")) {
    const std::string ending = format;
    const Answer answer = server().ask("GET", url + "/audio." + ending);
    EXPECT_EQ(answer.status, 200) << ending;
    write_text_file(*folder_ / ("x." + ending), answer.body);
    const auto sound = audio::read_audio(*folder_ / ("x." + ending));
    EXPECT_NEAR(sound.duration_s(), 0.5, 0.06) << ending;
  }
  EXPECT_EQ(server().ask("GET", url + "/audio.exe").status, 404);
  EXPECT_EQ(server().ask("GET", url + "/audio.").status, 404);
  EXPECT_EQ(server().ask("GET", url + "/..%2faudio.wav").status, 404);
}

TEST_F(LibraryApi, UploadsAreTakenByWhatTheyAre) {
  const Json song = upload("my%20song.wav", bytes_of("song.wav")).json();
  EXPECT_EQ(song.at("kind"), "audio");
  EXPECT_EQ(song.at("name"), "my song.wav");
  EXPECT_EQ(song.at("channels"), 2);
  EXPECT_NEAR(song.at("duration_s").get<double>(), 2, 1e-6);
  EXPECT_TRUE(song.at("request").is_null());
  EXPECT_EQ(server().ask("GET", song.at("data_url")).body, bytes_of("song.wav"));
  const std::string url = song.at("url");
  EXPECT_EQ(server().ask("GET", url + "/picture.png").status, 200);
  // A sound that is called a picture is a sound.
  EXPECT_EQ(upload("x.png", bytes_of("song.wav")).json().at("kind"), "audio");
  const std::string picture = server().ask("GET", clip_->at("picture_url")).body;
  const Json drawn = upload("a.jpg", picture).json();
  EXPECT_EQ(drawn.at("kind"), "picture");
  EXPECT_EQ(drawn.at("height"), 64);
  const Json latents = upload("l", server().ask("GET", clip_->at("latents_url")).body).json();
  EXPECT_EQ(latents.at("kind"), "latents");
  // A clip of ours says how it was made.
  const Json clip = upload("c.wav", server().ask("GET", clip_->at("audio_url")).body).json();
  EXPECT_EQ(clip.at("request").at("prompt"), "funky synth");
  EXPECT_EQ(server().get(url), song);
  EXPECT_EQ(server().ask("DELETE", url).status, 204);
  EXPECT_EQ(server().ask("GET", url).status, 404);
}

TEST_F(LibraryApi, AFormsFileIsTaken) {
  const std::string body =
      "--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"file\"; "
      "filename=\"../../etc/song.wav\"\r\nContent-Type: audio/wav\r\n\r\n" +
      bytes_of("song.wav") + "\r\n--XX--\r\n";
  const Answer answer =
      server().ask("POST", "/api/v1/uploads", body,
                   {.headers = {{"Content-Type", "multipart/form-data; boundary=XX"}}});
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.json().at("name"), "song.wav");
  EXPECT_EQ(server().ask("GET", answer.json().at("data_url")).body, bytes_of("song.wav"));
  const Json kept = server().call("POST", "/api/v1/clips",
                                  {{"upload", answer.json().at("id")}, {"title", "Song"}}, 201);
  EXPECT_EQ(kept.at("pipeline"), "upload");
  EXPECT_EQ(kept.at("parents").at(0), answer.json().at("id"));
  EXPECT_EQ(kept.at("frames"), 88200);
  // To be painted on, in the model's own form: as many rows, and a column a frame.
  const std::string png = server().ask("GET", kept.at("picture_url")).body;
  const image::Picture picture = image::read_picture(
      std::span(reinterpret_cast<const uint8_t*>(png.data()), png.size()), "picture");
  const Json model = server().get("/api/v1/capabilities").at("model");
  EXPECT_EQ(picture.height, model.at("mel_rows"));
  EXPECT_NEAR(picture.width,
              88200.0 / model.at("samples_per_frame").get<double>() *
                  model.at("sample_rate").get<double>() / kept.at("sample_rate").get<double>(),
              2);
}

TEST_F(LibraryApi, WhatIsNoSoundIsRefusedInWords) {
  const auto refused = [&](const std::string& bytes, int status) {
    const Answer answer = upload("evil.mp3", bytes);
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.body.find("/tmp"), std::string::npos) << answer.body;
    EXPECT_FALSE(answer.json().at("detail").get<std::string>().empty());
    return answer.json();
  };
  EXPECT_THAT(refused("this is no music", 422).at("detail"), HasSubstr("evil.mp3"));
  EXPECT_FALSE(refused("this is no music", 422).at("hint").get<std::string>().empty());
  refused("\x89PNG\r\n\x1a\n and then nothing", 422);
  refused(std::string("\x10\0\0\0\0\0\0\0{\"a\":", 13), 422);
  refused("", 400);
  refused(std::string(3 << 20, 'x'), 413);
  const auto left = names_in(*folder_ / "library/uploads");
  for (const std::string& name : left) EXPECT_EQ(name.find(".part"), std::string::npos) << name;
}

TEST_F(LibraryApi, ModelsAreListedAndSwitchedByName) {
  const Json models = server().get("/api/v1/models");
  EXPECT_FALSE(models.at("current").is_null());
  server().call("PUT", "/api/v1/models/current", {{"name", "/etc"}}, 404);
  const Json same =
      server().call("PUT", "/api/v1/models/current", {{"name", models.at("current")}}, 200);
  EXPECT_TRUE(same.at("current"));
  server().make();
}

TEST_F(LibraryApi, SeedImagesComeInTheModelsForm) {
  for (const Json& seed : server().get("/api/v1/capabilities").at("seed_images")) {
    const Answer picture = server().ask("GET", seed.at("picture_url"));
    ASSERT_EQ(picture.status, 200);
    write_text_file(*folder_ / "seed.png", picture.body);
    EXPECT_EQ(image::read_picture(*folder_ / "seed.png").height, 64);
    EXPECT_EQ(server().ask("GET", seed.at("audio_url")).status, 200);
  }
  for (const char* odd : {"nothing.png", "og_beat.exe", "og_beat", "..%2f..%2fx.png", ".png"}) {
    EXPECT_EQ(server().ask("GET", std::string("/api/v1/seed_images/") + odd).status, 404) << odd;
  }
}

}  // namespace
}  // namespace riffle::test
