// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/byte_level_bpe.h"

#include <array>
#include <queue>
#include <tuple>

#include "text/detail/unicode.h"

namespace riffle::text {
namespace {

// The alphabet of the vocabulary: bytes that print stand for themselves, the others for the code
// points from U+0100 on, in order.
std::array<char32_t, 256> make_alphabet() {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool prints =
        (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    alphabet[byte] = prints ? byte : next++;
  }
  return alphabet;
}

const std::array<char32_t, 256>& alphabet() {
  static const std::array<char32_t, 256> table = make_alphabet();
  return table;
}

std::string letter_of(size_t byte) {
  std::string letter;
  detail::append_utf8(letter, alphabet()[byte]);
  return letter;
}

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

ByteLevelBpe::ByteLevelBpe(const BpeFiles& files, std::string_view end_of_word,
                           int64_t unknown_id) {
  const auto new_piece = [&](const std::string& text) {
    const auto [entry, is_new] = pieces_.try_emplace(text, static_cast<Piece>(ids_.size()));
    if (is_new) {
      const auto id = files.vocabulary.find(text);
      ids_.push_back(id != files.vocabulary.end() ? id->second : unknown_id);
    }
    return entry->second;
  };
  for (size_t byte = 0; byte < 256; ++byte) {
    bytes_[byte] = new_piece(letter_of(byte));
    last_bytes_[byte] = new_piece(letter_of(byte).append(end_of_word));
  }
  for (const auto& [left, right] : files.merges) {
    if (!files.vocabulary.contains(left + right)) continue;
    const Merge merge{static_cast<int32_t>(merges_.size()), new_piece(left + right)};
    merges_.try_emplace(pair_key(new_piece(left), new_piece(right)), merge);
  }
  for (const auto& [token, id] : files.vocabulary) tokens_.emplace(id, token);
}

const ByteLevelBpe::Merge* ByteLevelBpe::merge_of(Piece left, Piece right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found != merges_.end() ? &found->second : nullptr;
}

void ByteLevelBpe::encode(std::string_view word, std::vector<int64_t>& ids) const {
  if (word.empty()) return;
  constexpr size_t kNone = SIZE_MAX;
  struct Node {
    Piece piece;
    size_t previous, next;
    bool alive = true;
  };
  std::vector<Node> nodes;
  nodes.reserve(word.size());
  for (size_t i = 0; i < word.size(); ++i) {
    const bool last = i + 1 == word.size();
    const auto byte = static_cast<uint8_t>(word[i]);
    nodes.push_back(
        {last ? last_bytes_[byte] : bytes_[byte], i == 0 ? kNone : i - 1, last ? kNone : i + 1});
  }

  // The pair of lowest rank is joined first, the leftmost of equals. A candidate is out of date
  // when one of its two pieces has been joined with another in the meantime.
  using Candidate =
      std::tuple<int32_t, size_t, Piece, Piece>;  // rank, left node, its piece, right piece
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](size_t left) {
    if (left == kNone || nodes[left].next == kNone) return;
    const Piece right = nodes[nodes[left].next].piece;
    if (const Merge* merge = merge_of(nodes[left].piece, right)) {
      queue.emplace(merge->rank, left, nodes[left].piece, right);
    }
  };
  for (size_t i = 0; i + 1 < nodes.size(); ++i) offer(i);
  while (!queue.empty()) {
    const auto [rank, left, left_piece, right_piece] = queue.top();
    queue.pop();
    Node& node = nodes[left];
    if (!node.alive || node.next == kNone || node.piece != left_piece ||
        nodes[node.next].piece != right_piece)
      continue;
    node.piece = merge_of(left_piece, right_piece)->result;
    nodes[node.next].alive = false;
    node.next = nodes[node.next].next;
    if (node.next != kNone) nodes[node.next].previous = left;
    offer(node.previous);
    offer(left);
  }
  for (size_t i = 0; i != kNone; i = nodes[i].next)
    ids.push_back(ids_[static_cast<size_t>(nodes[i].piece)]);
}

std::optional<std::string> ByteLevelBpe::bytes_of(int64_t id) const {
  static const auto byte_of = [] {
    std::unordered_map<char32_t, char> map;
    for (size_t byte = 0; byte < 256; ++byte)
      map.emplace(alphabet()[byte], static_cast<char>(byte));
    return map;
  }();
  const auto token = tokens_.find(id);
  if (token == tokens_.end()) return std::nullopt;
  std::string bytes;
  for (const char32_t c : detail::decode_utf8(token->second)) {
    if (const auto byte = byte_of.find(c); byte != byte_of.end()) bytes.push_back(byte->second);
  }
  return bytes;
}

}  // namespace riffle::text
