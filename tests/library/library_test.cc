// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "library/detail/migrations.h"
#include "library/ids.h"
#include "support/test_files.h"

namespace riffle::library {
namespace {

namespace fs = std::filesystem;
using riffle::test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ClipRecord clip_named(const std::string& title, int64_t created_ms) {
  ClipRecord clip;
  clip.id = new_id("clip_");
  clip.created_ms = created_ms;
  clip.title = title;
  clip.pipeline = "generate";
  clip.model = "tiny";
  clip.prompt = "piano, " + title;
  clip.seed = 4294967295;
  clip.frames = 44100;
  clip.sample_rate = 44100;
  clip.channels = 1;
  clip.loudness_lufs = -23.5;
  clip.notes = {"a note with \"quotes\" and ümlauts"};
  clip.request = {{"pipeline", "generate"}, {"seed", 1}};
  return clip;
}

std::string add(Library& library, ClipRecord clip) {
  const fs::path folder = library.clips().make_folder(clip.id);
  write_text_file(folder / "audio.wav", "sound");
  library.clips().add(clip);
  return clip.id;
}

std::vector<std::string> titles(const ClipPage& page) {
  std::vector<std::string> all;
  for (const ClipRecord& clip : page.clips) all.push_back(clip.title);
  return all;
}

std::vector<std::string> ids(const std::vector<ClipRecord>& clips) {
  std::vector<std::string> all;
  for (const ClipRecord& clip : clips) all.push_back(clip.id);
  return all;
}

TEST(Library, AClipComesBackAsItWas) {
  const TemporaryFolder folder;
  ClipRecord clip = clip_named("solo", 1234567890123);
  clip.bpm = 93.75;
  clip.beats = 8;
  clip.beats_per_bar = 3;
  clip.loop = true;
  clip.rating = 4;
  clip.tags = {"blue", "green"};
  clip.parents = {"up_abc"};
  clip.job = "job_1";
  clip.has_picture = true;
  {
    Library library(folder / "library");
    add(library, clip);
  }
  Library again(folder / "library");
  const auto found = again.clips().find(clip.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->created_ms, clip.created_ms);
  EXPECT_EQ(found->seed, clip.seed);
  EXPECT_EQ(found->bpm, 93.75);
  EXPECT_EQ(found->beats, 8);
  EXPECT_EQ(found->beats_per_bar, 3);
  EXPECT_TRUE(found->loop);
  EXPECT_EQ(found->rating, 4);
  EXPECT_EQ(found->tags, clip.tags);
  EXPECT_EQ(found->notes, clip.notes);
  EXPECT_EQ(found->request, clip.request);
  EXPECT_EQ(found->parents, clip.parents);
  EXPECT_EQ(found->job, "job_1");
  EXPECT_TRUE(found->has_picture);
  EXPECT_FALSE(found->has_latents);
}

TEST(Library, SearchNeedsAllWordsAndTakesSignsLiterally) {
  const TemporaryFolder folder;
  Library library(folder.path());
  add(library, clip_named("Funky 100% solo", 1));
  ClipRecord tagged = clip_named("slow one", 2);
  tagged.tags = {"Funky", "night_time"};
  tagged.rating = 5;
  add(library, tagged);
  add(library, clip_named("nighttime", 3));
  const auto search = [&](ClipQuery query) { return titles(library.clips().search(query)); };
  EXPECT_THAT(search({.words = "funky"}), ElementsAre("slow one", "Funky 100% solo"));
  EXPECT_THAT(search({.words = "FUNKY  solo"}), ElementsAre("Funky 100% solo"));
  EXPECT_THAT(search({.words = "100%"}), ElementsAre("Funky 100% solo"));
  EXPECT_THAT(search({.words = "%"}), ElementsAre("Funky 100% solo"));
  EXPECT_THAT(search({.words = "night_"}), ElementsAre("slow one"));
  EXPECT_THAT(search({.words = "'; DROP TABLE clips; --"}), IsEmpty());
  EXPECT_THAT(search({.tag = "Funky"}), ElementsAre("slow one"));
  EXPECT_THAT(search({.rating_min = 1}), ElementsAre("slow one"));
  EXPECT_THAT(search({.order = ClipOrder::Title}),
              ElementsAre("Funky 100% solo", "nighttime", "slow one"));
  EXPECT_THAT(search({.order = ClipOrder::Oldest, .limit = 1, .offset = 1}),
              ElementsAre("slow one"));
  EXPECT_EQ(library.clips().search({.limit = 1}).total, 3);
}

TEST(Library, ChangesKeepWhatTheyDoNotName) {
  const TemporaryFolder folder;
  Library library(folder.path());
  ClipRecord clip = clip_named("a", 1);
  clip.tags = {"x"};
  const std::string id = add(library, clip);
  EXPECT_TRUE(library.clips().change(id, {.rating = 3}));
  EXPECT_EQ(library.clips().find(id)->title, "a");
  EXPECT_THAT(library.clips().find(id)->tags, ElementsAre("x"));
  EXPECT_TRUE(library.clips().change(id, {.title = "b", .tags = {{"y", "y", "z"}}}));
  EXPECT_EQ(library.clips().find(id)->rating, 3);
  EXPECT_THAT(library.clips().find(id)->tags, ElementsAre("y", "z"));
  EXPECT_FALSE(library.clips().change("clip_none", {.rating = 3}));
  ASSERT_EQ(library.clips().tags().size(), 2U);
  EXPECT_EQ(library.clips().tags()[0].clips, 1);
}

TEST(Library, LineageGoesBothWaysAndEndsInCircles) {
  const TemporaryFolder folder;
  Library library(folder.path());
  const std::string a = add(library, clip_named("a", 1));
  ClipRecord b = clip_named("b", 2);
  b.parents = {a, "up_gone"};
  add(library, b);
  ClipRecord c = clip_named("c", 3);
  c.parents = {b.id, a};
  add(library, c);
  EXPECT_THAT(ids(library.clips().ancestors(c.id)), UnorderedElementsAre(a, b.id));
  EXPECT_THAT(ids(library.clips().descendants(a)), UnorderedElementsAre(b.id, c.id));
  EXPECT_THAT(ids(library.clips().ancestors(a)), IsEmpty());
  ClipRecord own = clip_named("own", 4);
  own.parents = {own.id};
  add(library, own);
  EXPECT_THAT(ids(library.clips().ancestors(own.id)), ElementsAre(own.id));
}

TEST(Library, RemovingAClipTakesItsFiles) {
  const TemporaryFolder folder;
  Library library(folder.path());
  const std::string id = add(library, clip_named("a", 1));
  EXPECT_TRUE(fs::exists(library.clips().folder_of(id)));
  EXPECT_TRUE(library.clips().remove(id));
  EXPECT_FALSE(fs::exists(library.clips().folder_of(id)));
  EXPECT_FALSE(library.clips().remove(id));
  EXPECT_EQ(library.clips().count(), 0);
}

TEST(Library, WhatNeverGotARowIsSweptAndNothingElse) {
  const TemporaryFolder folder;
  std::string kept;
  {
    Library library(folder.path());
    kept = add(library, clip_named("a", 1));
    library.clips().make_folder(new_id("clip_"));
    write_text_file(library.uploads().folder() / (new_id("up_") + ".part"), "half");
    fs::create_directory(folder / "clips/holiday pictures");
  }
  Library library(folder.path());
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder / "clips")) {
    left.insert(entry.path().filename().string());
  }
  EXPECT_THAT(left, ElementsAre(kept, "holiday pictures"));
  EXPECT_TRUE(fs::is_empty(folder / "uploads"));
}

TEST(Library, OneProcessAtATime) {
  const TemporaryFolder folder;
  const Library library(folder.path());
  EXPECT_RIFFLE_ERROR(Library(folder.path()), ErrorCode::Unsupported, "in use");
}

TEST(Library, ADamagedDatabaseIsSaidToBe) {
  const TemporaryFolder folder;
  write_text_file(folder / "library.db", std::string(5000, 'x'));
  EXPECT_RIFFLE_ERROR(Library(folder.path()), ErrorCode::BadFile, "damaged");
}

TEST(Library, UnfinishedJobsAreFoundInTheirOrder) {
  const TemporaryFolder folder;
  Library library(folder.path());
  std::vector<std::string> made;
  for (int i = 0; i < 4; ++i) {
    JobRecord job;
    job.id = new_id("job_");
    job.pipeline = "generate";
    job.created_ms = 100 - i;  // the clock may go back
    job.request = {{"prompt", "x"}};
    library.jobs().add(job);
    made.push_back(job.id);
    if (i == 1) {
      job.state = JobState::Failed;
      job.error = {{"detail", "no"}};
      job.finished_ms = 7;
      library.jobs().update(job);
    }
  }
  std::vector<std::string> found;
  for (const JobRecord& job : library.jobs().unfinished()) found.push_back(job.id);
  EXPECT_THAT(found, ElementsAre(made[0], made[2], made[3]));
  const auto failed = library.jobs().find(made[1]);
  EXPECT_EQ(failed->state, JobState::Failed);
  EXPECT_EQ(failed->error.at("detail"), "no");
  EXPECT_EQ(library.jobs().list({JobState::Queued}, 2).size(), 2U);
  EXPECT_EQ(library.jobs().list({}, 100).front().id, made[3]);
  library.jobs().prune(0);
  EXPECT_FALSE(library.jobs().find(made[1]));
  EXPECT_TRUE(library.jobs().find(made[0]));
}

TEST(Library, ManyThreadsMayUseIt) {
  const TemporaryFolder folder;
  Library library(folder.path());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        add(library, clip_named(std::to_string(t), i));
        library.clips().search({.words = "piano", .limit = 3});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(library.clips().count(), 100);
}

TEST(Ids, AreAllDifferentAndRecognised) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_id("clip_"));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_TRUE(is_id(*seen.begin(), "clip_"));
  for (const char* other : {"clip_", "clip_../x", "clip_A", "up_abc", "", "clip_a/b", "clip_a.b"}) {
    EXPECT_FALSE(is_id(other, "clip_")) << other;
  }
}

TEST(Ids, TimesAreWrittenInUtc) { EXPECT_EQ(time_text(1700000000042), "2023-11-14T22:13:20.042Z"); }

TEST(Migrations, MissingStepsRunAllOrNone) {
  const TemporaryFolder folder;
  detail::Database database(folder / "x.db");
  constexpr const char* kSteps[] = {
      "CREATE TABLE a (x INTEGER)",
      "ALTER TABLE a ADD COLUMN y INTEGER; INSERT INTO a VALUES (1, 2)",
      "INSERT INTO a VALUES (3, 4); SELECT no_such_function()"};
  const std::span<const char* const> steps(kSteps);
  detail::migrate(database, steps.first(1));
  detail::migrate(database, steps.first(2));
  detail::migrate(database, steps.first(2));
  EXPECT_THROW(detail::migrate(database, steps), Error);
  detail::Statement rows = database.prepare("SELECT count(*), max(y) FROM a");
  rows.step();
  EXPECT_EQ(rows.integer(0), 1);
  EXPECT_EQ(rows.integer(1), 2);
  rows.run();
  EXPECT_RIFFLE_ERROR(detail::migrate(database, steps.first(1)), ErrorCode::Unsupported,
                      "version 2");
}

TEST(Migrations, ClipsFromBeforePartsBelongToNoOther) {
  const TemporaryFolder folder;
  {
    detail::Database database(folder / "library.db");
    detail::migrate(database, detail::migration_steps().first(1));
    database.run(
        "INSERT INTO clips VALUES ('clip_old', 5, 't', 'generate', 'm', 'p', 1, 10, 44100, 1, -20, "
        "NULL, 0, 4, 0, 3, '[]', '{}', 'job_old', 0, 0)");
  }
  std::filesystem::create_directories(folder / "clips" / "clip_old");
  Library library(folder.path());
  const auto clips = library.clips().of_job("job_old");
  ASSERT_EQ(clips.size(), 1U);
  EXPECT_EQ(clips[0].role, "");
  EXPECT_EQ(clips[0].part_of, std::nullopt);
  EXPECT_EQ(clips[0].rating, 3);
}

TEST(Clips, ThoseMadeTogetherComeTogetherOrNotAtAll) {
  const TemporaryFolder folder;
  Library library(folder.path());
  ClipRecord mix = clip_named("mix", 1);
  mix.role = "mix";
  ClipRecord stem = clip_named("stem", 1);
  stem.role = "stem";
  stem.part = "drums";
  stem.part_of = mix.id;
  library.clips().add_all(std::vector{mix, stem});
  EXPECT_EQ(library.clips().find(stem.id)->part, "drums");
  EXPECT_EQ(library.clips().find(stem.id)->part_of, mix.id);
  // An id that is taken already stops all of them.
  const ClipRecord fresh = clip_named("fresh", 2);
  EXPECT_ANY_THROW(library.clips().add_all(std::vector{fresh, stem}));
  EXPECT_FALSE(library.clips().find(fresh.id));
}

}  // namespace
}  // namespace riffle::library
