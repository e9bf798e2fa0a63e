// SPDX-License-Identifier: GPL-3.0-or-later
#include "fake_hub.h"

#include <fmt/format.h>
#include <httplib.h>

#include <thread>

#include "core/json.h"
#include "weights/detail/digest.h"

namespace riffle::weights {
namespace {

using detail::Digest;

std::string hash(Digest::Kind kind, const std::string& bytes) {
  Digest digest(kind);
  digest.update(bytes);
  return digest.hex();
}

std::string git_id(const std::string& bytes) {
  std::string blob = fmt::format("blob {}", bytes.size());
  blob.push_back('\0');
  return hash(Digest::Kind::Sha1, blob + bytes);
}

}  // namespace

struct FakeHub::Servers {
  httplib::Server hub;    // reached as 127.0.0.1
  httplib::Server store;  // reached as localhost: another host to a client
  int hub_port = 0;
  int store_port = 0;
  std::thread hub_thread;
  std::thread store_thread;
  mutable std::mutex mutex;
  std::vector<Asked> asked;
  int busy_left = -1;

  std::string listing(const FakeHub& fake) const {
    if (!fake.listing.empty()) return fake.listing;
    Json json = {{"sha", fake.commit}, {"siblings", Json::array()}};
    for (const auto& [path, bytes] : fake.files) {
      Json file = {{"rfilename", path}, {"size", bytes.size()}, {"blobId", git_id(bytes)}};
      if (bytes.size() >= fake.large_from) {
        file["lfs"] = {{"sha256", hash(Digest::Kind::Sha256, bytes)}, {"size", bytes.size()}};
      }
      json["siblings"].push_back(file);
    }
    return json.dump();
  }

  void send(FakeHub& fake, const httplib::Request& request, httplib::Response& response,
            const std::string& path, bool redirected) {
    {
      const std::lock_guard lock(mutex);
      asked.push_back({path, request.get_header_value("Range"),
                       request.get_header_value("Authorization"), redirected});
    }
    const auto found = fake.files.find(path);
    if (found == fake.files.end()) {
      response.status = 404;
      response.set_content("Entry not found", "text/plain");
      return;
    }
    const auto replaced = fake.corrupted.find(path);
    const std::string bytes = replaced != fake.corrupted.end() ? replaced->second : found->second;
    size_t cut = SIZE_MAX;
    if (const auto entry = fake.cut_after.find(path); entry != fake.cut_after.end()) {
      cut = entry->second;
      fake.cut_after.erase(entry);
    }
    if (!fake.knows_ranges) {
      // Without a length httplib cannot answer a range request with a part.
      response.set_chunked_content_provider("application/octet-stream",
                                            [bytes](size_t, httplib::DataSink& sink) {
                                              sink.write(bytes.data(), bytes.size());
                                              sink.done();
                                              return true;
                                            });
      const_cast<httplib::Request&>(request).ranges.clear();
      return;
    }
    response.set_content_provider(
        bytes.size(), "application/octet-stream",
        [bytes, cut](size_t offset, size_t length, httplib::DataSink& sink) {
          const size_t end = std::min(offset + length, std::max(cut, offset));
          if (end > offset) sink.write(bytes.data() + offset, end - offset);
          return end == offset + length;  // false breaks the connection
        });
  }

  // True when the request has been answered with a refusal.
  bool refused(FakeHub& fake, const httplib::Request& request, httplib::Response& response) {
    if (busy_left < 0) busy_left = fake.busy_answers;
    if (busy_left > 0) {
      --busy_left;
      response.status = 503;
      return true;
    }
    if (!fake.required_token.empty() &&
        request.get_header_value("Authorization") != "Bearer " + fake.required_token) {
      response.status = 401;
      response.set_content("Invalid username or password.", "text/plain");
      return true;
    }
    return false;
  }
};

FakeHub::FakeHub() : servers_(std::make_unique<Servers>()) {
  Servers& s = *servers_;
  s.hub.Get(R"(/api/models/(.+)/revision/(.+))",
            [this](const httplib::Request& request, httplib::Response& response) {
              if (servers_->refused(*this, request, response)) return;
              if (request.matches[1] != repository) {
                response.status = 404;
                return;
              }
              response.set_content(servers_->listing(*this), "application/json");
            });
  s.hub.Get(R"(/([^/]+/[^/]+)/resolve/([^/]+)/(.+))",
            [this](const httplib::Request& request, httplib::Response& response) {
              if (servers_->refused(*this, request, response)) return;
              const std::string path = request.matches[3];
              const auto found = files.find(path);
              if (found != files.end() && found->second.size() >= large_from) {
                response.set_redirect(
                    fmt::format("http://localhost:{}/store/{}", servers_->store_port, path));
              } else {
                servers_->send(*this, request, response, path, false);
              }
            });
  s.store.Get(R"(/store/(.+))",
              [this](const httplib::Request& request, httplib::Response& response) {
                servers_->send(*this, request, response, request.matches[1], true);
              });
  s.hub_port = s.hub.bind_to_any_port("127.0.0.1");
  s.store_port = s.store.bind_to_any_port("localhost");
  s.hub_thread = std::thread([&s] { s.hub.listen_after_bind(); });
  s.store_thread = std::thread([&s] { s.store.listen_after_bind(); });
  while (!s.hub.is_running() || !s.store.is_running()) std::this_thread::yield();
}

FakeHub::~FakeHub() {
  servers_->hub.stop();
  servers_->store.stop();
  servers_->hub_thread.join();
  servers_->store_thread.join();
}

std::string FakeHub::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", servers_->hub_port);
}

std::vector<FakeHub::Asked> FakeHub::asked() const {
  const std::lock_guard lock(servers_->mutex);
  return servers_->asked;
}

}  // namespace riffle::weights
