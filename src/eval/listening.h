// SPDX-License-Identifier: GPL-3.0-or-later
// A blind listening test, after ITU-R BS.1534 (MUSHRA): a page with everything in it that listeners
// open in a browser, and the scores they send back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/job.h"

namespace riffle::eval {

struct Stimulus {
  std::string system;
  std::filesystem::path sound;
};

struct ListeningTrial {
  std::string name;
  std::vector<Stimulus> stimuli;
};

// A folder with a folder a system ("riffle-band", "true-stem"), in each of them sounds of the same
// names. A name is a trial where every system has it. Sorted. Throws Error{NotFound} for fewer than
// two systems or no trial.
std::vector<ListeningTrial> listening_trials(const std::filesystem::path& folder);

struct ListeningPage {
  std::string title = "Listening test";
  std::vector<std::string> questions = {"How good is the sound?"};
  std::string reference = {};  // a system whose sound is also played openly; empty: none
  uint64_t seed = 1;           // of the files' names
};

// Into `folder`, which is created: index.html and sounds whose names tell nothing. Everybody hears
// trials and stimuli in another order. Throws Error{InvalidArgument} for a reference that is no
// system, Error{Io}.
void write_listening_page(const std::vector<ListeningTrial>& trials, const ListeningPage& page,
                          const std::filesystem::path& folder, const Job& job = {});

// One score a listener gave, 0 to 100.
struct ListeningScore {
  std::string listener;
  std::string question;
  std::string trial;
  std::string system;
  double score = 0;
};

// The file the page saves: "listener,question,trial,system,score". Throws Error{BadFile} that names
// the line.
std::vector<ListeningScore> read_listening_scores(const std::filesystem::path& csv);

struct SystemScore {
  std::string question;
  std::string system;
  int64_t count = 0;
  double mean = 0;
  double interval = 0;  // half of that in which the mean lies with 95 % (normal); 0 for one score
};

// A row a question and system, best first within a question. A reference that its listener put
// below 90 in more than 15 % of the trials is a listener who was not listening (BS.1534, 4.1.2):
// all of that listener's scores are left out. reference: as above.
std::vector<SystemScore> summarise(const std::vector<ListeningScore>& scores,
                                   const std::string& reference = {});

}  // namespace riffle::eval
