// SPDX-License-Identifier: Apache-2.0
//
// Puts the bytes of a stream in order. What comes early is held until what is missing came, or is given up: at once when the
// receiver acknowledged it, which means that it passed here and was lost to us. The first copy of a byte counts.
#include <algorithm>
#include <cstring>

#include "flow-tracker.h"

namespace spanloom::packets {
namespace {

// A segment without end is sent in parts.
constexpr uint64_t kMaxSegmentBytes = 1024 * 1024;

// Whether both say something else of the bytes that they have in common.
bool differ(uint32_t left_at, std::span<const uint8_t> left, uint32_t right_at, std::span<const uint8_t> right) {
  const int64_t shift = static_cast<int32_t>(right_at - left_at);
  const int64_t from = std::max<int64_t>(shift, 0);
  const int64_t to = std::min<int64_t>(static_cast<int64_t>(left.size()), shift + static_cast<int64_t>(right.size()));
  return from < to && std::memcmp(left.data() + from, right.data() + (from - shift), static_cast<size_t>(to - from)) != 0;
}

uint64_t cost(const HeldPacket& held) { return sizeof(HeldPacket) + held.bytes.size(); }

}  // namespace

FlowTracker::Piece FlowTracker::Piece::part(uint32_t from, uint32_t to) const {
  const size_t before = std::min<size_t>(from - sequence, bytes.size());
  const size_t size = std::min<size_t>(to - from, bytes.size() - before);
  return {from, to - from, time_ns, pushes && to == end(), bytes.subspan(before, size)};
}

void FlowTracker::data(uint32_t index, const Arrival& arrival) {
  Flow& flow = table_[index];
  const uint8_t sender = arrival.sender;
  const Stream& stream = flow.streams[sender];
  Piece piece{arrival.data_at, arrival.length, arrival.packet.time_ns, arrival.has(tcp_flag::kPush | tcp_flag::kFin),
              arrival.bytes};
  if (is_before(piece.sequence, stream.next)) {
    const PendingSegment& sent = flow.pending;
    if (sent.sender == sender && differ(sent.sequence, sent.payload, piece.sequence, piece.bytes))
      flow.sides[sender].conflicts++;
    if (!is_before(stream.next, piece.end())) return;
    piece = piece.part(stream.next, piece.end());
  }
  if (piece.sequence - stream.next > kMaxWindow) return;
  if (stream.held.empty() && piece.sequence == stream.next) deliver(index, sender, piece);
  else hold(index, sender, piece);
}

// Keeps what is not held yet of it.
void FlowTracker::hold(uint32_t index, uint8_t sender, const Piece& piece) {
  Flow& flow = table_[index];
  Stream& stream = flow.streams[sender];
  if (stream.held.empty()) stream.held_since_ns = now_ns_;
  std::vector<Piece> missing;
  bool is_conflicting = false;
  uint32_t from = piece.sequence;
  for (const HeldPacket& held : stream.held) {
    const uint32_t held_end = held.sequence + held.length;
    if (!is_before(from, held_end)) continue;
    if (!is_before(held.sequence, piece.end())) break;
    if (is_before(from, held.sequence)) missing.push_back(piece.part(from, held.sequence));
    is_conflicting |= differ(held.sequence, held.bytes, piece.sequence, piece.bytes);
    from = held_end;
  }
  if (is_before(from, piece.end())) missing.push_back(piece.part(from, piece.end()));
  if (is_conflicting) flow.sides[sender].conflicts++;
  for (const Piece& part : missing) insert(stream, part);
  drain(index, sender);
  bound_held(index, sender);
}

void FlowTracker::insert(Stream& stream, const Piece& piece) {
  const auto place = std::find_if(stream.held.begin(), stream.held.end(), [&](const HeldPacket& held) {
    return is_before(piece.sequence, held.sequence);
  });
  const size_t kept = std::min<size_t>(piece.bytes.size(), options_.message_bytes);
  const auto added = stream.held.insert(
      place, HeldPacket{piece.sequence, piece.length, piece.time_ns, piece.pushes,
                        std::vector<uint8_t>(piece.bytes.begin(), piece.bytes.begin() + static_cast<ptrdiff_t>(kept))});
  held_bytes_ += cost(*added);
}

void FlowTracker::bound_held(uint32_t index, uint8_t sender) {
  const Stream& stream = table_[index].streams[sender];
  while (!stream.held.empty()) {
    Gap reason = Gap::kNone;
    if (stream.held.size() > kMaxHeldPackets) reason = Gap::kDistance;
    else if (held_bytes_ > options_.max_held_bytes) reason = Gap::kRoom;
    if (reason == Gap::kNone) return;
    give_up(index, sender, stream.held.front().sequence, reason);
  }
}

void FlowTracker::drain(uint32_t index, uint8_t sender) {
  Stream& stream = table_[index].streams[sender];
  size_t count = 0;
  for (; count < stream.held.size() && stream.held[count].sequence == stream.next; count++) {
    const HeldPacket& held = stream.held[count];
    held_bytes_ -= cost(held);
    deliver(index, sender, {held.sequence, held.length, held.time_ns, held.pushes, held.bytes});
  }
  if (count == 0) return;
  stream.held.erase(stream.held.begin(), stream.held.begin() + static_cast<ptrdiff_t>(count));
  stream.held_since_ns = now_ns_;
  if (stream.held.empty()) stream.held.shrink_to_fit();
}

void FlowTracker::deliver(uint32_t index, uint8_t sender, const Piece& piece) {
  Flow& flow = table_[index];
  Stream& stream = flow.streams[sender];
  PendingSegment& pending = flow.pending;
  const bool starts_message = flow.last_sender != sender;
  if (starts_message || stream.gap != Gap::kNone) send_pending(index);
  turn(flow, sender, piece.time_ns);
  stream.last_data_ns = piece.time_ns;
  if (!pending.is_pending) {
    const uint32_t rest = options_.message_bytes - std::min(flow.message_bytes, options_.message_bytes);
    pending.is_pending = true;
    pending.starts_message = starts_message;
    pending.sender = sender;
    pending.gap = stream.gap;
    pending.gap_bytes = stream.gap_bytes;
    pending.sequence = piece.sequence;
    pending.budget = std::max(rest, options_.continuation_bytes);
    pending.length = 0;
    pending.time_ns = piece.time_ns;
    pending.payload.clear();
    pending_.push(index, now_ns_);
    stream.gap = Gap::kNone;
    stream.gap_bytes = 0;
  }
  // Only a prefix is sent: not what follows bytes that were not captured.
  if (pending.payload.size() == pending.length && pending.payload.size() < pending.budget) {
    const size_t taken = std::min<size_t>(pending.budget - pending.payload.size(), piece.bytes.size());
    pending.payload.insert(pending.payload.end(), piece.bytes.begin(),
                           piece.bytes.begin() + static_cast<ptrdiff_t>(taken));
  }
  pending.length += piece.length;
  pending.last_time_ns = piece.time_ns;
  stream.next = piece.end();
  if (piece.pushes || pending.length >= kMaxSegmentBytes) send_pending(index);
}

void FlowTracker::send_pending(uint32_t index) {
  Flow& flow = table_[index];
  PendingSegment& pending = flow.pending;
  if (!pending.is_pending) return;
  pending.is_pending = false;
  pending_.remove(index);
  flow.message_bytes += static_cast<uint32_t>(pending.payload.size());
  counts_.segments++;
  sink_.take(Segment{flow.id, flow.key, pending.sender, flow.client, flow.is_role_known, pending.starts_message,
                     pending.sequence, pending.length, pending.payload, pending.time_ns, pending.last_time_ns,
                     pending.gap_bytes, pending.gap, flow.observations[pending.sender]});
}

// What is missing up to a number, at most that of the first packet held, will not come any more.
void FlowTracker::give_up(uint32_t index, uint8_t sender, uint32_t up_to, Gap reason) {
  Flow& flow = table_[index];
  Stream& stream = flow.streams[sender];
  const uint32_t lost = up_to - stream.next;
  send_pending(index);
  // The message may have begun with what is missing: what comes next begins none. When that was, is not known.
  if (flow.last_sender != sender) {
    flow.last_sender = sender;
    flow.message_bytes = 0;
  }
  stream.last_data_ns = now_ns_;
  if (stream.gap == Gap::kNone) stream.gap = reason;
  stream.gap_bytes += lost;
  flow.sides[sender].missed_bytes += lost;
  counts_.gaps[static_cast<size_t>(reason)]++;
  counts_.missed_bytes += lost;
  stream.lost_from = stream.next;
  stream.lost_to = up_to;
  stream.next = up_to;
  if (is_before(stream.highest, up_to)) stream.highest = up_to;
  drain(index, sender);
}

void FlowTracker::give_up_all(uint32_t index, Gap reason) {
  for (uint8_t sender = 0; sender < 2; sender++) give_up_held(index, sender, reason);
}

void FlowTracker::give_up_held(uint32_t index, uint8_t sender, Gap reason) {
  const Stream& stream = table_[index].streams[sender];
  while (!stream.held.empty()) give_up(index, sender, stream.held.front().sequence, reason);
}

void FlowTracker::acknowledged_up_to(uint32_t index, uint8_t sender, uint32_t number) {
  const Stream& stream = table_[index].streams[sender];
  if (!stream.is_known) return;
  if (stream.has_fin && number == stream.fin_at + 1) number = stream.fin_at;
  if (number - stream.next > kMaxWindow) return;
  while (is_before(stream.next, number)) {
    const bool is_held = !stream.held.empty() && is_before(stream.held.front().sequence, number);
    give_up(index, sender, is_held ? stream.held.front().sequence : number, Gap::kAcknowledged);
  }
}

void FlowTracker::update_held(uint32_t index) {
  const Flow& flow = table_[index];
  const bool has_held = !flow.streams[0].held.empty() || !flow.streams[1].held.empty();
  if (has_held && !flow.held_link.is_queued()) held_.push(index, now_ns_);
  if (!has_held) held_.remove(index);
}

}  // namespace spanloom::packets
