// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/version.h"

#include "version_number.h"

namespace riffle {

const char* version() { return RIFFLE_VERSION_NUMBER; }

}  // namespace riffle
