// SPDX-License-Identifier: Apache-2.0
// Generated from protocols/protocols.ts by `npm run generate`. Do not edit.
#pragma once

#include <array>
#include <cstdint>

#include "redaction/protocol.h"

namespace spanloom::redaction {

// Each is defined in protocols/<name>/redaction.cc.
extern const Protocol kHttp1;
extern const Protocol kFastcgi;
extern const Protocol kRedis;
extern const Protocol kPostgresql;
extern const Protocol kMysql;
extern const Protocol kDns;
extern const Protocol kMemcached;

// In the order in which first bytes are tried.
inline constexpr std::array<const Protocol*, 7> kProtocols = {
    &kHttp1,
    &kFastcgi,
    &kRedis,
    &kPostgresql,
    &kMysql,
    &kDns,
    &kMemcached,
};

// The usual port of each, and one that is of none.
inline constexpr std::array<uint16_t, 8> kServerPorts = {80, 9000, 6379, 5432, 3306, 53, 11211, 9999};

}  // namespace spanloom::redaction
