// SPDX-License-Identifier: GPL-3.0-or-later
// What a prompt says in numbers: tempo and key. "funky bass at 112 bpm in F# dorian" -> 112, 6,
// "dorian", and the rest "funky bass at".
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace riffle::text {

// The modes a key can have, by the names captions use; "ionian" and "aeolian" read as "major" and
// "minor".
inline constexpr std::array<std::string_view, 8> kModes{
    "major", "dorian", "phrygian", "lydian", "mixolydian", "minor", "locrian", "harmonic minor"};

// The pitch class (0 = C) of "c", "F#", "bb", "Eb"; empty for anything else.
std::optional<int> pitch_class_of(std::string_view note);
// Its index in kModes, of a name or a common short form ("maj", "min", "m"); empty for anything
// else.
std::optional<int> mode_index_of(std::string_view mode);

struct MusicTerms {
  std::optional<double> bpm{};  // 20 to 400; another number is no tempo
  std::optional<int> key{};     // pitch class, 0 = C
  std::optional<int> mode{};    // index in kModes
  std::string rest{};           // lower case, the words that said it left out, single blanks
};

// Reads "112 bpm", "112bpm", "bpm 112" and "e minor", "in f# dorian", "key of b flat". The article
// is no key: "in a club". The first of each kind counts; all are left out of the rest.
MusicTerms find_music_terms(std::string_view prompt);

}  // namespace riffle::text
