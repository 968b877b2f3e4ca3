// SPDX-License-Identifier: Apache-2.0
//
// Connections of TCP: handshakes in all their forms, what is sent again or late, acknowledgments, ends. What the counters mean
// is as Wireshark's analysis has it (https://www.wireshark.org/docs/wsug_html_chunked/ChAdvTCPAnalysis.html), but out of order is
// only what was not seen before.
#include <algorithm>

#include "flow-tracker.h"

namespace spanloom::packets {
namespace {

using namespace tcp_flag;

// Late by no more than a round trip is reordered; without a handshake, by no more than this.
constexpr int64_t kReorderedNs = 3'000'000;
// A reset is of the connection when its number lies within a window of what was sent last.
constexpr uint32_t kResetWindow = 1 << 20;

}  // namespace

void FlowTracker::tcp(uint32_t index, const ParsedPacket& packet, uint8_t sender) {
  const Frame& frame = packet.frame;
  const TcpHeader& header = frame.tcp;
  const uint32_t data_at = header.sequence + ((header.flags & kSyn) != 0 ? 1 : 0);
  // Frames say any length; of those captured none is longer.
  const uint32_t length = std::min(frame.payload_length, kMaxFrameBytes);
  const Arrival arrival{packet,
                        header,
                        sender,
                        data_at,
                        length,
                        data_at + length + ((header.flags & kFin) != 0 ? 1 : 0),
                        packet.bytes.subspan(frame.payload_at, std::min(frame.payload_captured, length))};
  if (arrival.has(kReset)) {
    reset(index, arrival);
    return;
  }
  Flow& flow = table_[index];
  Stream& stream = flow.streams[sender];
  if (arrival.has(kSyn)) handshake(index, arrival);
  pick_up(flow, arrival);
  const bool is_keep_alive = this->is_keep_alive(stream, arrival);
  if (header.window == 0 && !arrival.has(kSyn | kFin)) flow.sides[sender].zero_windows++;
  if (is_duplicate_ack(flow, arrival)) flow.sides[sender].duplicate_acks++;
  if (!is_keep_alive) count_repeated(flow, arrival);
  if (arrival.has(kAck)) acknowledgment(index, arrival);
  stream.sent_keep_alive = is_keep_alive;
  stream.window = header.window;
  if (!is_keep_alive && arrival.length > 0) data(index, arrival);
  if (arrival.has(kFin)) fin(index, arrival);
  update_held(index);
}

void FlowTracker::handshake(uint32_t index, const Arrival& arrival) {
  Flow& flow = table_[index];
  Stream& stream = flow.streams[arrival.sender];
  const Stream& other = flow.streams[1 - arrival.sender];
  const bool has_ack = arrival.has(kAck);
  if (stream.has_initial) {
    // A SYN that its sender answers the other side's SYN with is the same, and not a repetition.
    if (stream.initial == arrival.tcp.sequence && (!has_ack || stream.had_ack_with_syn))
      flow.sides[arrival.sender].syn_retransmissions++;
  } else {
    stream.has_initial = true;
    stream.initial = arrival.tcp.sequence;
    // Late, behind what it is the beginning of: that keeps its numbers.
    const bool is_late = stream.is_known && stream.next - arrival.data_at <= kMaxWindow;
    if (!is_late) {
      give_up_held(index, arrival.sender, Gap::kClosed);
      stream.is_known = true;
      stream.next = stream.highest = arrival.data_at;
      stream.highest_ns = arrival.packet.time_ns;
    }
  }
  stream.had_ack_with_syn |= has_ack;
  stream.syn_ns = arrival.packet.time_ns;
  if (!has_ack || flow.is_established) return;
  flow.syn_ack_ns = arrival.packet.time_ns;
  if (flow.server_handshake_ns < 0 && other.has_initial && arrival.tcp.acknowledgment == other.initial + 1) {
    flow.server_handshake_ns = std::max<int64_t>(arrival.packet.time_ns - other.syn_ns, 0);
    flow.reports_server_handshake = true;
  }
}

// A connection that is older than the capture.
void FlowTracker::pick_up(Flow& flow, const Arrival& arrival) {
  Stream& stream = flow.streams[arrival.sender];
  Stream& other = flow.streams[1 - arrival.sender];
  if (!stream.is_known) {
    stream.is_known = true;
    stream.next = stream.highest = arrival.data_at;
    stream.highest_ns = arrival.packet.time_ns;
  }
  if (!other.is_known && arrival.has(kAck)) {
    other.is_known = true;
    other.next = other.highest = arrival.tcp.acknowledgment;
    other.highest_ns = arrival.packet.time_ns;
  }
}

bool FlowTracker::is_keep_alive(const Stream& stream, const Arrival& arrival) const {
  return arrival.length <= 1 && !arrival.has(kSyn | kFin) && arrival.tcp.sequence == stream.highest - 1;
}

bool FlowTracker::is_duplicate_ack(const Flow& flow, const Arrival& arrival) const {
  const Stream& stream = flow.streams[arrival.sender];
  const TcpHeader& tcp = arrival.tcp;
  return arrival.has(kAck) && !arrival.has(kSyn | kFin) && arrival.length == 0 && stream.has_acknowledged &&
         tcp.acknowledgment == stream.acknowledged && tcp.window != 0 && tcp.window == stream.window &&
         tcp.sequence == stream.highest && !flow.streams[1 - arrival.sender].sent_keep_alive;
}

// None of it was seen before.
bool FlowTracker::fills_hole(const Stream& stream, const Arrival& arrival) const {
  if (arrival.length == 0) return false;
  const uint32_t from = arrival.data_at;
  const uint32_t to = from + arrival.length;
  if (is_before(from, stream.next))
    return stream.lost_from != stream.lost_to && !is_before(from, stream.lost_from) && !is_before(stream.lost_to, to);
  return std::none_of(stream.held.begin(), stream.held.end(), [&](const HeldPacket& held) {
    return is_before(from, held.sequence + held.length) && is_before(held.sequence, to);
  });
}

void FlowTracker::count_repeated(Flow& flow, const Arrival& arrival) {
  Stream& stream = flow.streams[arrival.sender];
  const Stream& other = flow.streams[1 - arrival.sender];
  SideCounters& side = flow.sides[arrival.sender];
  const int64_t time_ns = arrival.packet.time_ns;
  const bool takes_numbers = arrival.length > 0 || arrival.has(kFin);
  const bool is_repeated = takes_numbers && !arrival.has(kSyn) && is_before(arrival.data_at, stream.highest);
  if (is_repeated) {
    const bool has_round_trip = flow.server_handshake_ns >= 0 && flow.client_handshake_ns >= 0;
    const int64_t limit_ns = has_round_trip ? flow.server_handshake_ns + flow.client_handshake_ns : kReorderedNs;
    if (time_ns - stream.highest_ns < limit_ns && fills_hole(stream, arrival)) {
      side.out_of_order++;
    } else {
      side.retransmissions++;
      if (arrival.length > 0 && other.has_acknowledged && !is_before(other.acknowledged, arrival.end))
        side.spurious_retransmissions++;
    }
    // Which of both was acknowledged, nobody knows (Karn's algorithm).
    if (stream.has_sample && is_before(arrival.data_at, stream.sample_end)) stream.has_sample = false;
  }
  // Also without data: who acknowledges tells what it has sent before.
  if (!is_before(stream.highest, arrival.end)) return;
  stream.highest = arrival.end;
  stream.highest_ns = time_ns;
  if (is_repeated || stream.has_sample || arrival.length == 0) return;
  stream.has_sample = true;
  stream.sample_end = arrival.end;
  stream.sample_ns = time_ns;
}

void FlowTracker::acknowledgment(uint32_t index, const Arrival& arrival) {
  Flow& flow = table_[index];
  Stream& stream = flow.streams[arrival.sender];
  Stream& other = flow.streams[1 - arrival.sender];
  const uint32_t number = arrival.tcp.acknowledgment;
  const int64_t time_ns = arrival.packet.time_ns;
  if (other.has_initial && is_before(other.initial, number)) other.is_syn_acknowledged = true;
  // Of a connection whose first SYN was not captured, that of the server is enough; of one without its SYN-ACK, data is.
  const bool is_client_missing = !stream.has_initial && other.had_ack_with_syn;
  const bool is_complete = other.is_syn_acknowledged && (stream.is_syn_acknowledged || is_client_missing);
  if (flow.phase == Phase::kOpening && (is_complete || (arrival.length > 0 && !arrival.has(kSyn))))
    establish(index, time_ns);
  if (other.has_sample && !is_before(number, other.sample_end)) {
    flow.sides[arrival.sender].acknowledgment.add(time_ns - other.sample_ns);
    other.has_sample = false;
  }
  if (!stream.has_acknowledged || !is_before(number, stream.acknowledged)) stream.acknowledged = number;
  stream.has_acknowledged = true;
  acknowledged_up_to(index, 1 - arrival.sender, number);
  // The receiver has these bytes: other ones in their place change nothing, and need not be told from them.
  PendingSegment& sent = flow.pending;
  if (!sent.is_pending && sent.sender != arrival.sender && stream.acknowledged == other.next)
    sent.payload.clear();
}

void FlowTracker::establish(uint32_t index, int64_t time_ns) {
  Flow& flow = table_[index];
  flow.is_established = true;
  flow.is_opened = true;
  if (flow.syn_ack_ns >= 0) {
    flow.client_handshake_ns = std::max<int64_t>(time_ns - flow.syn_ack_ns, 0);
    flow.reports_client_handshake = true;
  }
  move_to(index, Phase::kOpen);
}

void FlowTracker::fin(uint32_t index, const Arrival& arrival) {
  Flow& flow = table_[index];
  Stream& stream = flow.streams[arrival.sender];
  if (!stream.has_fin) stream.fin_at = arrival.data_at + arrival.length;
  stream.has_fin = true;
  if (stream.next == stream.fin_at && flow.pending.sender == arrival.sender) send_pending(index);
  if (!flow.streams[1 - arrival.sender].has_fin) return;
  if (flow.close == CloseType::kOpen) flow.close = CloseType::kFinished;
  move_to(index, Phase::kClosing);
}

void FlowTracker::reset(uint32_t index, const Arrival& arrival) {
  Flow& flow = table_[index];
  const Stream& stream = flow.streams[arrival.sender];
  const Stream& other = flow.streams[1 - arrival.sender];
  flow.sides[arrival.sender].resets++;
  // Anybody can send a RST; what is not of the connection does not end it.
  const bool is_near = !stream.is_known || arrival.tcp.sequence - stream.highest + kResetWindow < 2 * kResetWindow;
  const bool answers = arrival.has(kAck) && other.is_known && arrival.tcp.acknowledgment == other.highest;
  if (!is_near && !answers) return;
  give_up_all(index, Gap::kClosed);
  send_pending(index);
  if (flow.close == CloseType::kOpen) {
    const bool is_refusal = flow.phase == Phase::kOpening && arrival.sender != flow.client;
    const CloseType by_sender = arrival.sender == flow.client ? CloseType::kClientReset : CloseType::kServerReset;
    flow.close = is_refusal ? CloseType::kRefused : by_sender;
  }
  move_to(index, Phase::kClosing);
  update_held(index);
}

}  // namespace spanloom::packets
