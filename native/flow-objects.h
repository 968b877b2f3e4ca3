// SPDX-License-Identifier: Apache-2.0
//
// Flows as JavaScript sees them, of capture files and of interfaces: types in native/packets/flow-blocks.ts.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "packets/encode-flow.h"
#include "packets/flow-tracker.h"
#include "packets/packet-parser.h"

namespace spanloom {

// FlowOptions: what is not given keeps its default.
packets::FlowOptions flow_options_from(const Napi::Object& object);

// The redactor of `redaction` in the options; null where there is none, or where `error` is not empty.
std::unique_ptr<Redactor> flow_redactor_from(const Napi::Object& object, std::string& error);

// FlowBlock, whose bytes are given away.
Napi::Object flow_block_object(Napi::Env env, packets::FlowBlock& block);

// FlowCounts.
struct AllFlowCounts {
  packets::PacketParser::Counts frames{};
  packets::Fragments::Counts fragments{};
  packets::FlowCounts flows{};
  uint32_t open_flows = 0;
  uint64_t held_bytes = 0;

  AllFlowCounts() = default;
  AllFlowCounts(const packets::PacketParser& parser, const packets::FlowTracker& tracker)
      : frames(parser.counts()),
        fragments(parser.fragments()),
        flows(tracker.counts()),
        open_flows(tracker.open_flows()),
        held_bytes(tracker.held_bytes()) {}
};
Napi::Object flow_counts_object(Napi::Env env, const AllFlowCounts& counts);

}  // namespace spanloom
