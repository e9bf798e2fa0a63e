// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/detail/mma_grooves.h"

namespace riffle::corpus::detail {

std::span<const GenreGrooves> mma_groove_table() {
  static constexpr GenreGrooves kTable[] = {
      {"rock", 4,
       "BasicRock, 8Beat, 60sRock, BubbleRock, BubbleRockPlus, SoftRock, FolkRock, Rock1, Rock2, "
       "rock1A, rock1B, PopRock1, PopRock2, 8beat1A, 8beat2A"},
      {"metal", 4, "HeavyMetal, metal1A, metal1B, metal2A, metal2B"},
      {"pop", 4,
       "8Beat, BubbleRock, SoftRock1, Pop, 80sPop, 60sPop, 8BeatPop1, 8BeatPop2, 16Beat1, "
       "16beat1A, 16beat2A, ElectricPop, DancePop1"},
      {"ballad", 4,
       "Ballad, Ballad1, BalladPlus, PianoBallad, PopBallad, PopBalladPlus, GuitarBallad, "
       "RockBallad, FolkBallad, StringBallad, 8BeatBallad1, 16BeatBallad1"},
      {"ballad", 3, "RockWaltz, RockWaltz1, PopWaltz"},
      {"funk", 4, "BVFunk, BVFunkSus, BVFunkHorns, Funk1, Funk2, Kfunk1A, Kfunk1B"},
      {"soul", 4,
       "DSoul, DSoulPlus, R&B, Soul, SoulPop, 60sSoul, MellowRB, 8beatmotownA, 8beatmotownB"},
      {"disco", 4, "BoneyM, BoneyMPlus, DiscoSoul"},
      {"gospel", 4, "Spiritual, SlowSpiritual, PopSpiritual, PopSpiritualPlus"},
      {"ska", 4, "Ska, Ska1, SkaSus"},
      {"latin", 4,
       "Salsa, SalsaPlus, Mambo, Mambo1, ChaCha, ChaCha1, Merengue, Son, Rhumba, Rhumba1, "
       "Afro-Cuban, CubanGuitar, Salsa1MainA, MamboMainA"},
      {"samba", 4, "Samba, SambaPlus, SambaSus"},
      {"blues", 4,
       "Blues, Blues1, SlowBlues, FastBlues, ShuffleBoggie, BoggieWoggie, CountryBlues, "
       "CountryBluesWalk"},
      {"country", 4,
       "CountrySwing, CountrySwing1, SlowCountry, SlowCountryWalk, WesternSwing, HillCountry, "
       "WesternMainA"},
      {"house", 4, "House, LatinHouse"},
      {"trance", 4, "Trance, Trance1, Trance2"},
      {"techno", 4, "Techno"},
      {"jazz", 4,
       "Swing, SwingWalk, EasySwing, EasySwingWalk, FastSwing, JazzCombo, JazzGuitar, "
       "JazzGuitarWalk, MellowJazz, ModernJazz, SlowJazz, NiteJazz, Evansish, Bebop, "
       "JazzTrioMainA, JazzBasieA, JazzGrTrioMainA"},
      {"jazz", 3, "JazzWaltz, JazzWaltz1, FastJazzWaltz, ModernJazzWaltz"},
      {"swing", 4,
       "BigBand, BigBandPlus, BigBand1, EasySwing, FastSwing, GypsyJazz, MiddleBigBand, "
       "JazzBasieA"},
      {"bossa nova", 4, "BossaNova, BossaNovaSus, BossaNovaPlus, JazzRhumba, JazzBossaA, kbossaA"},
      {"folk", 4, "Folk, FolkWalk, BlueFolk, BlueFolkPlus, FolkBallad1"},
      {"folk", 3, "CountryWaltz, CountryWaltz1"},
      {"bluegrass", 4, "BlueGrass, BlueGrassSus, HillCountry"},
      {"waltz", 3,
       "Waltz, Waltz1, WaltzWalk, FrenchWaltz, FrenchWaltz1, FastWaltz, VieneseWaltz, "
       "BroadwayWaltz, CountryWaltz"},
      {"march", 4, "March, March1, BWMarch, BWMarchPlus, DixieMarch"},
      {"polka", 4, "Polka, Polka1, PolkaArp, PolkaSus"},
      {"tango", 4, "Tango, Tango1, LightTango, LightTango1"},
      {"ragtime", 4, "RagTime, RagtimePlus, RagtimeSus"},
      {"world", 4, "Desert, Calypso, Calypso1"},
  };
  return kTable;
}

}  // namespace riffle::corpus::detail
