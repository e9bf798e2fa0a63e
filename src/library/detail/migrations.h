// SPDX-License-Identifier: GPL-3.0-or-later
// The form of the database, step by step: to change it, append a step; never edit one that was
// released.
#pragma once

#include <span>

#include "library/detail/sqlite.h"

namespace riffle::library::detail {

// Statements that bring a database from version i to version i + 1.
std::span<const char* const> migration_steps();

// Runs the steps that are missing, all or none. Throws Error{Unsupported} for a database of a later
// version.
void migrate(Database& database, std::span<const char* const> steps = migration_steps());

}  // namespace riffle::library::detail
