// SPDX-License-Identifier: Apache-2.0
#include "flow-tracker.h"

#include <algorithm>

namespace spanloom::packets {
namespace {

constexpr std::array<int64_t, 4> kIdleTimeouts = {kOpeningTimeoutNs, kOpenTimeoutNs, kClosingTimeoutNs,
                                                  kDatagramsTimeoutNs};

void see(Observation& seen, const Frame& frame) {
  seen.link = frame.link;
  seen.packet_type = frame.packet_type;
  if (frame.tunnel_count == 0) {
    seen.encapsulation.reset();
    return;
  }
  if (seen.encapsulation == nullptr) seen.encapsulation = std::make_unique<Encapsulation>();
  *seen.encapsulation = {frame.inner_link, frame.tunnel_count, frame.tunnels};
}

}  // namespace

FlowTracker::FlowTracker(const FlowOptions& options, FlowSink& sink)
    : options_(options),
      sink_(sink),
      table_(std::max<uint32_t>(options.max_flows, 1), options.seed),
      idle_{IdleQueue(table_), IdleQueue(table_), IdleQueue(table_), IdleQueue(table_)},
      intervals_(table_),
      held_(table_),
      pending_(table_),
      next_flow_id_(options.first_flow_id) {}

void FlowTracker::packet(const ParsedPacket& packet) {
  advance(packet.time_ns);
  if (packet.frame.protocol != Protocol::kTcp && packet.frame.protocol != Protocol::kUdp) {
    counts_.without_flow++;
    return;
  }
  const FlowPlace place = flow_place(packet);
  const uint32_t index = flow_of(packet, place);
  observe(index, packet, place.sender);
  if (packet.frame.protocol == Protocol::kTcp) tcp(index, packet, place.sender);
  else datagram(index, packet, place.sender);
}

uint32_t FlowTracker::flow_of(const ParsedPacket& packet, const FlowPlace& place) {
  const uint32_t found = table_.find(place.key);
  if (found == kNoFlow) return open(packet, place);
  if (packet.frame.protocol == Protocol::kTcp && begins_anew(table_[found], packet.frame.tcp, place.sender)) {
    Flow& flow = table_[found];
    close(found, flow.close != CloseType::kOpen ? flow.close : CloseType::kReused);
    return open(packet, place);
  }
  return found;
}

// A SYN that is none of this connection. The other side's first SYN is: both may open at once, or a server may answer with
// ACK and SYN apart.
bool FlowTracker::begins_anew(const Flow& flow, const TcpHeader& tcp, uint8_t sender) const {
  if ((tcp.flags & tcp_flag::kSyn) == 0 || (tcp.flags & tcp_flag::kReset) != 0) return false;
  const Stream& stream = flow.streams[sender];
  if (stream.has_initial && stream.initial == tcp.sequence) return false;
  if ((tcp.flags & tcp_flag::kAck) != 0)
    return flow.phase == Phase::kClosing && flow.close != CloseType::kRefused;
  return stream.has_initial || !flow.streams[1 - sender].has_initial || flow.is_established ||
         flow.phase == Phase::kClosing;
}

uint32_t FlowTracker::open(const ParsedPacket& packet, const FlowPlace& place) {
  if (table_.is_full()) evict();
  const uint32_t index = table_.add(place.key);
  Flow& flow = table_[index];
  flow.id = next_flow_id_++;
  counts_.flows++;
  const uint16_t flags = packet.frame.tcp.flags;
  const bool is_tcp = packet.frame.protocol == Protocol::kTcp;
  flow.is_role_known = is_tcp && (flags & tcp_flag::kSyn) != 0;
  if (flow.is_role_known) {
    flow.client = (flags & tcp_flag::kAck) != 0 ? 1 - place.sender : place.sender;
  } else {
    const auto& ends = flow.key.ends;
    flow.client = ends[0].port == ends[1].port ? place.sender : ends[0].port > ends[1].port ? 0 : 1;
  }
  flow.phase = !is_tcp ? Phase::kDatagrams : flow.is_role_known ? Phase::kOpening : Phase::kOpen;
  idle_[static_cast<size_t>(flow.phase)].push(index, now_ns_);
  return index;
}

// What only had a SYN gives way first when it has half of all room; else what was used longest ago.
void FlowTracker::evict() {
  const IdleQueue& opening = idle_[static_cast<size_t>(Phase::kOpening)];
  uint32_t victim = opening.first();
  if (opening.size() <= table_.size() / 2) {
    const IdleQueue* oldest = nullptr;
    for (const IdleQueue& queue : idle_)
      if (queue.first() != kNoFlow && (oldest == nullptr || queue.first_since_ns() < oldest->first_since_ns()))
        oldest = &queue;
    victim = oldest->first();
  }
  counts_.evicted++;
  if (table_[victim].phase == Phase::kOpening) {
    // An interval for each would be a flood, too.
    counts_.evicted_opening++;
    give_up_all(victim, Gap::kClosed);
    send_pending(victim);
    remove(victim);
  } else {
    close(victim, CloseType::kEvicted);
  }
}

// The reason that the flow had before is the better one.
void FlowTracker::close(uint32_t index, CloseType type) {
  give_up_all(index, Gap::kClosed);
  send_pending(index);
  Flow& flow = table_[index];
  if (flow.close == CloseType::kOpen) flow.close = type;
  report(index, true);
  remove(index);
}

void FlowTracker::remove(uint32_t index) {
  idle_[static_cast<size_t>(table_[index].phase)].remove(index);
  intervals_.remove(index);
  held_.remove(index);
  pending_.remove(index);
  table_.remove(index);
}

CloseType FlowTracker::idle_close(const Flow& flow) const {
  if (flow.phase == Phase::kOpening) return CloseType::kHandshakeTimeout;
  const bool has_fin = flow.streams[0].has_fin || flow.streams[1].has_fin;
  return has_fin ? CloseType::kHalfClosed : CloseType::kIdle;
}

void FlowTracker::move_to(uint32_t index, Phase phase) {
  Flow& flow = table_[index];
  if (flow.phase == phase) return;
  idle_[static_cast<size_t>(flow.phase)].remove(index);
  flow.phase = phase;
  idle_[static_cast<size_t>(phase)].push(index, now_ns_);
}

void FlowTracker::observe(uint32_t index, const ParsedPacket& packet, uint8_t sender) {
  Flow& flow = table_[index];
  IdleQueue& idle = idle_[static_cast<size_t>(flow.phase)];
  idle.remove(index);
  idle.push(index, now_ns_);
  if (!flow.interval_link.is_queued()) intervals_.push(index, now_ns_);
  if (!flow.has_counts) flow.start_ns = packet.time_ns;
  flow.has_counts = true;
  flow.end_ns = packet.time_ns;
  SideCounters& side = flow.sides[sender];
  side.packets++;
  side.bytes += packet.wire_length;
  side.payload_bytes += packet.frame.payload_length;
  see(flow.observations[sender], packet.frame);
}

// Who sends data changes: times of the other side's answer, or of its waiting.
void FlowTracker::turn(Flow& flow, uint8_t sender, int64_t time_ns) {
  if (flow.last_sender == sender) return;
  if (flow.last_sender != Flow::kNobody) {
    const int64_t waited_ns = time_ns - flow.streams[flow.last_sender].last_data_ns;
    (sender == flow.client ? flow.client_idle : flow.response).add(waited_ns);
  }
  flow.last_sender = sender;
  flow.message_bytes = 0;
}

void FlowTracker::datagram(uint32_t index, const ParsedPacket& packet, uint8_t sender) {
  Flow& flow = table_[index];
  turn(flow, sender, packet.time_ns);
  flow.streams[sender].last_data_ns = packet.time_ns;
  const Frame& frame = packet.frame;
  const size_t sent = std::min(frame.payload_captured, options_.message_bytes);
  counts_.segments++;
  sink_.take(Segment{flow.id, flow.key, sender, flow.client, flow.is_role_known, true, 0, frame.payload_length,
                     packet.bytes.subspan(frame.payload_at, sent), packet.time_ns, packet.time_ns, 0, Gap::kNone,
                     flow.observations[sender]});
}

void FlowTracker::report(uint32_t index, bool is_last) {
  Flow& flow = table_[index];
  intervals_.remove(index);
  if (!is_last && !flow.has_counts) return;
  // Behind the last packet, so that no two intervals of a flow begin at the same time.
  if (!flow.has_counts) flow.start_ns = ++flow.end_ns;
  counts_.intervals++;
  const bool is_open = !is_last || flow.close == CloseType::kOpen;
  sink_.take(FlowInterval{flow.id, flow.key, flow.client, flow.is_role_known, flow.start_ns, flow.end_ns, flow.sides,
                          flow.reports_server_handshake ? flow.server_handshake_ns : -1,
                          flow.reports_client_handshake ? flow.client_handshake_ns : -1, flow.response,
                          flow.client_idle, flow.is_opened, is_open, is_last ? flow.close : CloseType::kOpen,
                          flow.observations});
  // Flows that rest keep no room for the next message.
  if (flow.pending.payload.empty()) flow.pending.payload.shrink_to_fit();
  flow.has_counts = false;
  flow.sides = {};
  flow.response = {};
  flow.client_idle = {};
  flow.is_opened = flow.reports_server_handshake = flow.reports_client_handshake = false;
}

void FlowTracker::close_idle(Phase phase, int64_t timeout_ns, int64_t now_ns) {
  const IdleQueue& queue = idle_[static_cast<size_t>(phase)];
  for (uint32_t due = queue.due(now_ns, timeout_ns); due != kNoFlow; due = queue.due(now_ns, timeout_ns))
    close(due, idle_close(table_[due]));
}

void FlowTracker::advance(int64_t now_ns) {
  if (now_ns <= now_ns_) return;
  now_ns_ = now_ns;
  for (uint32_t due = held_.due(now_ns, kGapTimeoutNs); due != kNoFlow; due = held_.due(now_ns, kGapTimeoutNs)) {
    for (uint8_t sender = 0; sender < 2; sender++) {
      const Stream& stream = table_[due].streams[sender];
      if (!stream.held.empty() && now_ns - stream.held_since_ns >= kGapTimeoutNs)
        give_up(due, sender, stream.held.front().sequence, Gap::kTimeout);
    }
    held_.remove(due);
    update_held(due);
  }
  for (uint32_t due = pending_.due(now_ns, kSegmentTimeoutNs); due != kNoFlow;
       due = pending_.due(now_ns, kSegmentTimeoutNs))
    send_pending(due);
  for (size_t phase = 0; phase < idle_.size(); phase++)
    close_idle(static_cast<Phase>(phase), kIdleTimeouts[phase], now_ns);
  for (uint32_t due = intervals_.due(now_ns, options_.interval_ns); due != kNoFlow;
       due = intervals_.due(now_ns, options_.interval_ns))
    report(due, false);
}

void FlowTracker::finish() {
  for (IdleQueue& queue : idle_)
    while (queue.first() != kNoFlow) close(queue.first(), CloseType::kOpen);
}

}  // namespace spanloom::packets
