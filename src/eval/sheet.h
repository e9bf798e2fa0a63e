// SPDX-License-Identifier: GPL-3.0-or-later
// Renders a prompt sheet: sounds, one page with players and pictures, one picture of all pictures.
#pragma once

#include <filesystem>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "eval/clip_store.h"
#include "eval/prompt_sheet.h"

namespace riffle::eval {

struct SheetFiles {
  std::filesystem::path page;           // index.html
  std::filesystem::path contact_sheet;  // contact-sheet.png
  int64_t clips = 0;
};

// Into `folder`; the clips lie in the store, which must be a folder in it. sampling: fields of
// every request, over those of the sheet. Progress stage "sheet".
SheetFiles render_sheet(const std::vector<SheetClip>& sheet, pipelines::MusicModel& model,
                        ClipStore& store, const std::filesystem::path& folder, const Json& sampling,
                        const Job& job = {});

}  // namespace riffle::eval
