// SPDX-License-Identifier: Apache-2.0
//
// The addon's entries for packets: types in native/packets/packet-capture.ts and native/packets/capture-files.ts.
#pragma once

#include <napi.h>

namespace spanloom {

void export_packet_entries(Napi::Env env, Napi::Object& exports);

}  // namespace spanloom
