// SPDX-License-Identifier: GPL-3.0-or-later
// Text as a part of an address.
#pragma once

#include <string>
#include <string_view>

namespace riffle {

// Everything but letters, digits and "-_.~" as %XX (RFC 3986, section 2.3): a segment of a path, or
// a name or value of a query.
std::string url_escaped(std::string_view text);

}  // namespace riffle
