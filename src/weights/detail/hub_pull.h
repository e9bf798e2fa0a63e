// SPDX-License-Identifier: GPL-3.0-or-later
// Fetching the chosen files of a listing into the folder of pulled models.
#pragma once

#include "weights/hub.h"

namespace riffle::weights::detail {

// listing.files: exactly the files wanted. See pull_model for what is promised.
PullReport pull_files(const HubListing& listing, const HubOptions& options, const Job& job);

}  // namespace riffle::weights::detail
