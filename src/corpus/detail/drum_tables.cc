// SPDX-License-Identifier: GPL-3.0-or-later
// Voices: k kick, s snare, r rim, c clap, h hat, o open hat, p pedal hat, y ride, b bell, C crash,
// t m T toms from low to high, B cowbell, j tambourine, S shaker, q Q congas, a cabasa, w wood
// block, g agogo.
#include "corpus/detail/pattern_tables.h"

namespace riffle::corpus::detail {

std::span<const Pattern> drum_patterns() {
  static constexpr Pattern kTable[] = {
      {"plain", 4, "k x... .... x... .... | s .... x... .... x... | h x.x. x.x. x.x. x.x."},
      {"plain", 3, "k x... .... .... | s .... x... x... | h x.x. x.x. x.x."},
      {"plain", 3, "k x... .... .... | r .... x... x... | y x... x.x. x..."},
      {"rock", 4, "k X... ..x. x... .... | s .... X... .... X... | h X.x. X.x. X.x. X.x."},
      {"rock", 4, "k X... ...x ..x. .... | s .... X... .... X... | h X.x. X.x. X.x. X.x."},
      {"rock", 4, "k X.x. .... ..x. ..x. | s .... X... .... X..x | h X.x. X.x. X.x. X.x."},
      {"rock", 4, "k X... ..x. ..x. .... | s .... X... .... X... | y X.x. X.x. X.x. X.x."},
      {"rock", 3, "k X... .... ..x. | s .... .... X... | h X.x. x.x. x.x."},
      {"metal", 4, "k Xxxx xxxx Xxxx xxxx | s .... X... .... X... | h X... X... X... X..."},
      {"metal", 4, "k X.xx X.xx X.xx X.xx | s .... X... .... X... | o X... X... X... X..."},
      {"metal", 4, "k X..x ..x. X..x ..xx | s .... X... .... X... | C X... .... X... ...."},
      {"punk", 4, "k X... X.x. X... X.x. | s ..X. ..X. ..X. ..X. | h X.x. X.x. X.x. X.x."},
      {"punk", 4, "k X... ..x. X.x. .... | s .... X... .... X... | o X.x. X.x. X.x. X.x."},
      {"pop", 4, "k X... .... X... ..x. | s .... X... .... X... | h x.x. x.x. x.x. x.x."},
      {"pop", 4, "k X..x .... ..x. .... | c .... X... .... X... | h xoxo xoxo xoxo xoxo"},
      {"pop", 4, "k X... ..x. ..x. .... | s .... X... .... X... | j x.X. x.X. x.X. x.X."},
      {"ballad", 4, "k x... .... ..x. .... | r .... x... .... x... | h x.o. x.o. x.o. x.o."},
      {"ballad", 4, "k x... ...x x... .... | s .... .... x... .... | y x... x... x... x..."},
      {"ballad", 3, "k x... .... .... | r .... .... x... | h x.o. x.o. x.o."},
      {"funk", 4, "k X.x. ...x ..x. ..x. | s .... X..o .o.. X..o | h XxxX XxxX XxxX XxxX"},
      {"funk", 4,
       "k X..x ..x. ..xx .... | s .o.. X..o .o.o X... | h X.x. X.x. X.x. X.x. | o .... .... .... "
       "..x."},
      {"funk", 4,
       "k X.x. .... .xx. .x.. | s .... X..o .o.. X.o. | h xxxx xxxx xxxx xx.x | o .... .... .... "
       "..x."},
      {"soul", 4,
       "k X... ..x. x... ..x. | s .... X... .... X... | h x.x. x.x. x.x. x.x. | j .... x... .... "
       "x..."},
      {"soul", 4, "k X..x .... x.x. .... | s .... X..o .... X... | h X.x. X.x. X.x. X.x."},
      {"disco", 4,
       "k X... X... X... X... | s .... X... .... X... | h x... x... x... x... | o ..x. ..x. ..x. "
       "..x."},
      {"disco", 4,
       "k X... X... X... X... | c .... X... .... X... | h x.xx x.xx x.xx x.xx | o ..X. ..X. ..X. "
       "..X."},
      {"house", 4, "k X... X... X... X... | c .... X... .... X... | o ..X. ..X. ..X. ..X."},
      {"house", 4,
       "k X... X... X... X... | c .... X... .... X... | o ..X. ..X. ..X. ..X. | S xoxo xoxo xoxo "
       "xoxo"},
      {"house", 4,
       "k X... X... X... X..x | s .... X..o .... X... | h ..X. ..X. ..X. ..Xo | r ..x. ..x. .x.. "
       "x..."},
      {"techno", 4, "k X... X... X... X... | h ..X. ..X. ..X. ..X. | r ...x ..x. ...x ...."},
      {"techno", 4, "k X... X... X... X... | h xxXx xxXx xxXx xxXx | c .... X... .... X..."},
      {"techno", 4, "k X... X... X... X... | o ..X. ..X. ..X. ..X. | t ...x ..x. .... x..x"},
      {"trance", 4,
       "k X... X... X... X... | c .... X... .... X... | o ..X. ..X. ..X. ..X. | h x.xx x.xx x.xx "
       "x.xx"},
      {"drum and bass", 4, "k X... .... ..X. .... | s .... X... .... X... | h x.x. x.x. x.x. x.x."},
      {"drum and bass", 4, "k X.x. .... ..X. .... | s .... X..o .o.. X..o | h xoxo xoxo xoxo xoxo"},
      {"drum and bass", 4, "k X... ..x. ..X. .... | s .... X... .o.. X.o. | y x.x. x.x. x.x. x.x."},
      {"jungle", 4, "k X.x. .... ..xx .... | s .... X..x .x.. X..x | h x.x. x.x. x.x. x.x."},
      {"trap", 4, "k X... ..x. ..x. .... | c .... .... X... .... | h x.x. x.x. x.x. xxxx"},
      {"trap", 4,
       "k X..x .... ..x. ..x. | s .... .... X... .... | h xxx. x.x. xxxx x.x. | o .... .... .... "
       "..x."},
      {"trap", 4,
       "k X... .... ..x. ..x. | c .... .... X... .... | h x...x...x...xxxx x...x...xxxxx..."},
      {"trap", 4,
       "k X..x ..x. .... x... | s .... .... X... .... | h x.x.x.x.x...x... x.x.xxxxx...x... | o "
       ".... ..x. .... ...."},
      {"trap", 4, "k X... ...x ..x. .... | c .... .... X... ...x | h x..x..x..x..x..x..x.xxxx"},
      {"hip hop", 4, "k X..x .... .xx. .... | s .... X... .... X... | h x.x. x.x. x.x. x.x."},
      {"hip hop", 4, "k X.x. ...x ..x. .... | s .... X... .... X..o | h x.xo x.x. x.xo x.x."},
      {"lo-fi", 4, "k X..x .... ..x. .... | s .... X... .... X... | h x.o. x.o. x.o. x.o."},
      {"lo-fi", 4, "k X... ..x. .x.. .... | r .... X... .... X... | h xoxo xoxo xoxo xox."},
      {"dubstep", 4, "k X... ..x. .... ..x. | s .... .... X... .... | h x.x. x.xx x.x. x.x."},
      {"dubstep", 4, "k X... .... ...x .... | s .... .... X... .... | h ..x. ..x. ..x. .xx."},
      {"synthwave", 4, "k X... .... X... .... | s .... X... .... X... | h x.x. x.x. x.x. x.x."},
      {"synthwave", 4, "k X... X... X... X... | s .... X... .... X... | h xoxo xoxo xoxo xoxo"},
      {"jazz", 4, "y X... X..x X... X..x | p .... x... .... x... | k o... o... o... o..."},
      {"jazz", 4, "y X... X.x. X... X.x. | p .... x... .... x... | s ...o .... ..o. .... "},
      {"jazz", 4,
       "y X... X.x. X... X.x. | p .... x... .... x... | k x... .... ..o. .... | r .... ..o. .... "
       "...."},
      {"jazz", 3, "y X... X.x. X... | p .... x... x... | k x... .... ...."},
      {"brushes", 4, "s x.o. X.o. x.o. X.o. | k o... .... o... .... | p .... x... .... x..."},
      {"brushes", 3, "s x... X.o. X.o. | k o... .... ...."},
      {"bossa", 4, "k x..x x..x x..x x..x | r x..x ..x. ..x. .x.. | h xxxx xxxx xxxx xxxx"},
      {"bossa", 4, "k x..x x..x x..x x..x | r ..x. .x.. x..x ..x. | S xoxo xoxo xoxo xoxo"},
      {"samba", 4, "k x..X x..X x..X x..X | S XooX XooX XooX XooX | r x.x. .xx. x.x. x.x."},
      {"latin", 4,
       "k ...x ..x. ...x ..x. | B x... x.x. x... x.x. | q .... ..xx .... ..xx | Q ..x. .... ..x. "
       "...."},
      {"latin", 4,
       "r x..x ..x. ..x. x... | B x.x. x.x. x.x. x.x. | q ...x ..xx ...x ..xx | k x... .... x... "
       "...."},
      {"blues", 4, "k X... .... X.x. .... | s .... X... .... X... | y X.x. X.x. X.x. X.x."},
      {"blues", 4, "k X... ..x. x... .... | s .... X... .... X... | h X.x. X.x. X.x. X.x."},
      {"reggae", 4, "k .... .... X... .... | r .... .... X... .... | h x.x. x.x. x.x. x.x."},
      {"reggae", 4, "k X... X... X... X... | r .... .... X... .... | h x.X. x.X. x.X. x.X."},
      {"ska", 4, "k X... .... X... .... | s .... X... .... X... | h ..X. ..X. ..X. ..X."},
      {"country", 4, "k X... .... X... .... | s .... x... .... x... | h x.x. x.x. x.x. x.x."},
      {"country", 4, "k X... .... X... .... | s o.x. o.x. o.x. o.x. | p .... x... .... x..."},
      {"waltz", 3, "k X... .... .... | s .... x... x... | h x... x... x..."},
      {"waltz", 3, "k x... .... .... | p .... x... x... | y x... x.x. x..."},
      {"march", 4, "k X... .... X... .... | s x.xx x.x. x.xx xxxx | C X... .... .... ...."},
      {"march", 4, "k X... X... X... X... | s ..x. ..x. ..xx ..xx"},
      {"march", 3, "k X... .... .... | s ..xx x... x.x."},
      {"afrobeat", 4,
       "k X..x ..x. x... ..x. | s ...x .o.. x..x .... | h x.x. x.x. x.x. x.x. | S XooX XooX XooX "
       "XooX"},
      {"afrobeat", 4,
       "k X... ..x. ..x. .... | r x..x ..x. ..x. x... | g x.x. .x.x .x.x x.x. | q .... ..xx .... "
       "..xx"},
      {"orchestral", 4, "k X... .... .... .... | C X... .... .... .... | s .... ..xx .... xxxx"},
      {"orchestral", 4, "k X... x... X..x x... | t ..x. ..x. .... ..xx"},
      {"orchestral", 3, "k X... .... .... | s .... ..xx xxxx"},
  };
  return kTable;
}

std::span<const Pattern> drum_fills() {
  static constexpr Pattern kTable[] = {
      {"plain", 4, "s .... .... X.x. xxxx"},
      {"plain", 4,
       "k X... .... .... .... | s .... X... xx.. .... | T .... .... ..xx .... | t .... .... .... "
       "xxxx"},
      {"plain", 3, "k X... .... .... | s .... x.x. xxxx"},
      {"toms", 4,
       "k X... x... x... x... | T .... .... xx.. .... | m .... .... ..xx .... | t .... .... .... "
       "xxXx"},
      {"toms", 4,
       "s xxxx .... .... .... | T .... xxxx .... .... | m .... .... xxxx .... | t .... .... .... "
       "xxxx"},
      {"toms", 3, "T xx.. .... .... | m ..xx x... .... | t .... ..xx xxxx"},
      {"snare", 4, "k X... x... X... x... | s x... x... x.x. xxxx"},
      {"snare", 4, "s .... X..x .x.x Xxxx | k X... .... .... ...."},
      {"snare", 3, "k X... x... x... | s ..x. x.x. xxxx"},
      {"light", 4, "k x... .... x... .... | r .... x... ...x x.x."},
      {"light", 4, "k x... .... .... .... | s .... x..o .o.o x.o. | h x.x. x.x. .... ...."},
      {"light", 3, "k x... .... .... | r .... x... x.x."},
      {"electronic", 4, "k X... X... .... .... | c .... X... X.X. XXXX"},
      {"electronic", 4, "k X... X... X.X. .... | s .... x... xxxx xxxx | o ..X. ..X. .... ...."},
      {"electronic", 4, "k X... X... X... .... | h xxxx xxxx xxxx xxxx | c .... X... .... X.XX"},
  };
  return kTable;
}

}  // namespace riffle::corpus::detail
