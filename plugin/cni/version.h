// The CNI specification versions isthmus speaks, compared as exact strings ("1.1" and "v1.1.0" are not aliases).
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace isthmus {

enum class SpecVersion { v0_1_0, v0_2_0, v0_3_0, v0_3_1, v0_4_0, v1_0_0, v1_1_0 };

inline constexpr SpecVersion kNewestVersion = SpecVersion::v1_1_0;
// What a configuration without "cniVersion" means (types/create.go of the CNI library).
inline constexpr SpecVersion kVersionWhenAbsent = SpecVersion::v0_1_0;
inline constexpr std::array<std::string_view, 7> kVersionNames = {"0.1.0", "0.2.0", "0.3.0", "0.3.1",
                                                                  "0.4.0", "1.0.0", "1.1.0"};

inline std::string_view to_text(SpecVersion version) { return kVersionNames[static_cast<std::size_t>(version)]; }
std::optional<SpecVersion> parse_version(std::string_view text);

}  // namespace isthmus
