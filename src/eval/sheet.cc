// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/sheet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/base64.h"
#include "core/files.h"
#include "eval/contact_sheet.h"
#include "eval/judge_sound.h"
#include "image/picture_file.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Prompt sheet</title><style>
body{font:15px/1.4 system-ui,sans-serif;margin:1.5rem;background:#fafaf8;color:#222}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
h2{grid-column:1/-1;margin:1rem 0 0;font-size:1.1rem}
figure{margin:0;padding:.6rem;background:#fff;border:1px solid #ddd;border-radius:6px}
img{width:100%;height:8rem;object-fit:fill;image-rendering:auto}
audio{width:100%}small{color:#666}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}
figure{background:#222;border-color:#444}img{filter:invert(1)}small{color:#999}}
</style></head><body>
)";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::string clip_name(const SheetClip& clip) { return fmt::format("sheet-{}", clip.seed); }

std::string figure_of(const SheetClip& clip, const KeptClip& kept, const fs::path& sound) {
  const SoundVerdict verdict = judge_sound(kept.sound);
  const std::string key =
      verdict.keys.empty()
          ? "no key"
          : fmt::format("{} {}", pitch_name(verdict.keys[0].key.tonic), verdict.keys[0].key.mode);
  const auto png = image::encode_picture(picture_of_levels(kept.levels), image::PictureFormat::Png);
  return fmt::format(
      "<figure><img alt=\"spectrogram\" src=\"data:image/png;base64,{}\">"
      "<audio controls preload=\"none\" src=\"{}\"></audio>"
      "<figcaption>{}<br><small>seed {}; heard: {:.0f} bpm, {}, {:.1f} LUFS, {:.1f} s</small>"
      "</figcaption></figure>\n",
      base64(png), escaped(sound.generic_string()), escaped(clip.title()), clip.seed,
      verdict.tempo.bpm, escaped(key), verdict.loudness.integrated_lufs, verdict.duration_s);
}

}  // namespace

SheetFiles render_sheet(const std::vector<SheetClip>& sheet, pipelines::MusicModel& model,
                        ClipStore& store, const fs::path& folder, const Json& sampling,
                        const Job& job) {
  std::string page(kHead);
  page += fmt::format("<h1>{}</h1><main>\n", escaped(model.name()));
  std::vector<ContactPrint> prints;
  std::string section;
  for (size_t i = 0; i < sheet.size(); ++i) {
    const SheetClip& clip = sheet[i];
    Json request = clip.request;
    set_fields(request, sampling);
    if (clip.source > 0) {
      request["file"] = store.sound_path(fmt::format("sheet-{}", clip.source)).string();
    }
    const std::string name = clip_name(clip);
    const KeptClip kept = store.clip(name, request, model.geometry().codec, job);
    if (clip.section != section) {
      section = clip.section;
      page += fmt::format("<h2>{}</h2>\n", escaped(section));
    }
    page += figure_of(clip, kept, store.sound_path(name).lexically_relative(folder));
    prints.push_back({fmt::format("{} {}", clip.seed, clip.title()), kept.levels});
    job.report("sheet", static_cast<int64_t>(i) + 1, std::ssize(sheet));
  }
  page += "</main></body></html>\n";
  SheetFiles files{.page = folder / "index.html",
                   .contact_sheet = folder / "contact-sheet.png",
                   .clips = std::ssize(sheet)};
  write_text_file(files.page, page);
  image::write_picture(files.contact_sheet, contact_sheet(prints));
  return files;
}

}  // namespace riffle::eval
