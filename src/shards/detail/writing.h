// SPDX-License-Identifier: GPL-3.0-or-later
// What the writers of shards have in common: one of them at a time in a folder, one header for
// everything in it, and nothing half written left behind.
#pragma once

#include <filesystem>

#include "core/folder_lock.h"
#include "core/json.h"

namespace riffle::shards::detail {

// Makes the folder and its "shards", and locks it: the folder itself, which leaves nothing behind.
// Throws Error{Io}, Error{InvalidArgument} while another process holds it.
FolderLock lock_corpus(const std::filesystem::path& folder);

// Writes the header where there is none. Throws Error{InvalidArgument} naming a difference to the
// one that is there.
void adopt_header(const std::filesystem::path& path, const OrderedJson& header);

// Removes what an interrupted run left in the folder: hidden parts, and tensors without lines.
void remove_unfinished(const std::filesystem::path& folder);

}  // namespace riffle::shards::detail
