// SPDX-License-Identifier: GPL-3.0-or-later
// The version of Riffle, set once in the top CMakeLists.txt.
#pragma once

namespace riffle {

// "major.minor.patch"
const char* version();

}  // namespace riffle
