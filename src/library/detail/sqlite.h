// SPDX-License-Identifier: GPL-3.0-or-later
// SQLite's handles with their destructors. One connection, used by one thread at a time: whoever
// uses it holds its lock.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace riffle::library::detail {

// A prepared statement. Parameters and columns are counted from 0.
class Statement {
 public:
  Statement(sqlite3* connection, std::string_view sql);

  // Binds the next parameter.
  Statement& bind(int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view value);
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  bool step();  // whether there is a row
  void run();   // to its end

  bool is_null(int column) const;
  int64_t integer(int column) const;
  double number(int column) const;
  std::string text(int column) const;
  std::optional<int64_t> maybe_integer(int column) const;
  std::optional<double> maybe_number(int column) const;
  std::optional<std::string> maybe_text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void require(int result) const;

  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

class Database {
 public:
  // Opens or makes the file, in WAL mode. Throws Error{Io}, Error{BadFile} for what is no database.
  explicit Database(const std::filesystem::path& path);

  [[nodiscard]] std::unique_lock<std::recursive_mutex> lock() const {
    return std::unique_lock(mutex_);
  }
  void run(const std::string& sql);  // statements without parameters
  Statement prepare(std::string_view sql) { return {connection_.get(), sql}; }
  int64_t changes() const { return sqlite3_changes64(connection_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> connection_;
  mutable std::recursive_mutex mutex_;
};

// Everything done until commit() happens, or nothing of it.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {
    database_.run("BEGIN IMMEDIATE");
  }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool done_ = false;
};

}  // namespace riffle::library::detail
