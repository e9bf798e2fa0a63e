// SPDX-License-Identifier: GPL-3.0-or-later
// The prompt sheet: reading it, and the picture of all pictures.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "eval/contact_sheet.h"
#include "eval/prompt_sheet.h"
#include "eval/report.h"
#include "eval/small_letters.h"
#include "support/test_files.h"

namespace riffle::eval {
namespace {

using ::testing::HasSubstr;

TEST(PromptSheetTest, TheBuiltInOneIsWhole) {
  const auto sheet = parse_prompt_sheet(built_in_prompt_sheet(), "sheet");
  EXPECT_GE(sheet.size(), 28U);
  const auto made_by = [&](const char* pipeline) {
    return std::ranges::count_if(
        sheet, [&](const SheetClip& clip) { return clip.request.at("pipeline") == pipeline; });
  };
  EXPECT_GE(made_by("generate"), 20);
  EXPECT_EQ(made_by("morph"), 1);
  EXPECT_EQ(made_by("cover"), 1);
}

TEST(PromptSheetTest, ReadsLines) {
  const auto sheet = parse_prompt_sheet(
      "# remark\n[Some]\n7 generate bars=2 loop=true preset=fast | slow piano, 80 bpm\n"
      "8 morph | a -> b\n9 cover strength=0.45 | organ <- 7\n",
      "sheet");
  ASSERT_EQ(sheet.size(), 3U);
  EXPECT_EQ(sheet[0].section, "Some");
  EXPECT_EQ(sheet[0].request, (Json{{"pipeline", "generate"},
                                    {"seed", 7},
                                    {"bars", 2},
                                    {"loop", true},
                                    {"preset", "fast"},
                                    {"prompt", "slow piano, 80 bpm"}}));
  EXPECT_EQ(sheet[1].request.at("to"), "b");
  EXPECT_EQ(sheet[1].title(), "a -> b");
  EXPECT_EQ(sheet[2].source, 7);
  EXPECT_FALSE(sheet[2].request.contains("file"));
}

TEST(PromptSheetTest, NamesTheLineThatIsWrong) {
  const auto refuse = [](const char* text, const char* part) {
    EXPECT_RIFFLE_ERROR(parse_prompt_sheet(text, "sheet"), ErrorCode::BadFile, part);
  };
  refuse("1 generate | a\n\nx generate | b\n", "sheet:3");
  refuse("1 generate a\n", "SEED PIPELINE");
  refuse("1 generate loop | a\n", "FIELD=VALUE");
  refuse("1 generate | a\n1 generate | b\n", "twice");
  refuse("1 cover | a <- 5\n", "no clip above");
  refuse("1 cover | a <- x\n", "seed after");
  refuse("# nothing\n", "no clips");
}

TEST(ContactSheetTest, HoldsEveryPictureAndItsLabel) {
  std::vector<ContactPrint> prints;
  for (int i = 0; i < 7; ++i) {
    prints.push_back({"print 1", at::full({64, 100 + 40 * i}, i * 30, at::kByte)});
  }
  const image::Picture sheet = contact_sheet(prints, {.columns = 3, .width = 60, .height = 40});
  EXPECT_GT(sheet.width, 3 * 60);
  EXPECT_GT(sheet.height, 3 * 40);
  for (int i = 0; i < 7; ++i) {
    const auto there = std::ranges::count(sheet.rgb, static_cast<uint8_t>(i * 30));
    EXPECT_GE(there, 3 * 60 * 40) << i;
  }
  EXPECT_RIFFLE_ERROR(contact_sheet({}), ErrorCode::InvalidArgument, "contact sheet");
}

TEST(SmallLettersTest, WriteInsideThePictureOnly) {
  image::Picture picture(20, 12);
  std::ranges::fill(picture.rgb, uint8_t{255});
  write_text(picture, 2, 2, "L");
  // The upright of an L, and its foot.
  for (int y = 2; y < 9; ++y) EXPECT_EQ(picture.row(y)[2 * 3], 0) << y;
  for (int x = 2; x < 7; ++x) EXPECT_EQ(picture.row(8)[static_cast<size_t>(x) * 3], 0) << x;
  EXPECT_EQ(picture.row(2)[3 * 3], 255);
  const image::Picture before = picture;
  write_text(picture, -60, 3, "outside");
  write_text(picture, 2, 40, "outside");
  EXPECT_EQ(picture.rgb, before.rgb);
}

TEST(ReportTest, SaysWhichBarsAreReached) {
  const Row least{.name = "a",
                  .title = "at least",
                  .maybe_value = 0.8,
                  .maybe_least = 0.7,
                  .percent = true,
                  .count = 5};
  const Row most{.name = "b", .title = "at most", .maybe_value = 5, .maybe_most = 4};
  const Row between{
      .name = "c", .title = "between", .maybe_value = 1.0, .maybe_least = 0.9, .maybe_most = 1.1};
  const Row unknown{.name = "d", .title = "unknown", .maybe_least = 1, .note = "no corpus"};
  const Row told{.name = "e", .title = "for information", .maybe_value = 3};
  EXPECT_TRUE(least.passed());
  EXPECT_TRUE(most.failed());
  EXPECT_TRUE(between.passed());
  EXPECT_FALSE(unknown.passed() || unknown.failed());
  EXPECT_FALSE(told.passed() || told.failed());
  const Report report{.model = "m", .rows = {least, most, between, unknown, told}, .notes = {}};
  const std::string table = table_of(report);
  EXPECT_THAT(table, HasSubstr("80.0 %"));
  EXPECT_THAT(table, HasSubstr(">= 70.0 %"));
  EXPECT_THAT(table, HasSubstr("0.9 to 1.1"));
  EXPECT_THAT(table, HasSubstr("FAIL"));
  EXPECT_THAT(table, HasSubstr("no corpus"));
  const OrderedJson json = to_json(report);
  EXPECT_EQ(json.at("judges").at(0).at("passed"), true);
  EXPECT_EQ(json.at("judges").at(1).at("passed"), false);
  EXPECT_TRUE(json.at("judges").at(3).at("passed").is_null());
}

}  // namespace
}  // namespace riffle::eval
