// SPDX-License-Identifier: Apache-2.0
#include "redactor.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "generated/protocols.h"

namespace spanloom {

using redaction::Call;
using redaction::Hints;
using redaction::Payload;
using redaction::Protocol;
using redaction::Range;
using redaction::Recognition;
using redaction::Sender;
using redaction::Transport;

namespace {

constexpr size_t kMaxSockets = 65536;
constexpr size_t kMaxCarriedBytes = 64 * 1024 * 1024;
constexpr size_t kMaxHeldBytes = 512;
// Messages of an unrecognised connection that are looked at: the first of them, then few.
constexpr uint32_t kEagerTries = 16;
constexpr uint32_t kLateTryEvery = 256;

Hints hints_of(const SocketCall& call) {
  Hints hints{};
  hints.transport = call.transport;
  hints.sender_is_known = call.role_is_known;
  hints.sender = call.is_egress == call.local_is_client ? Sender::kClient : Sender::kServer;
  hints.sender_port = call.is_egress ? call.local_port : call.remote_port;
  hints.receiver_port = call.is_egress ? call.remote_port : call.local_port;
  hints.length = call.length;
  return hints;
}

struct Recognised {
  Recognition recognition;
  const Protocol* protocol;
};

Recognised recognise_protocol(const uint8_t* bytes, size_t size, const Hints& hints) {
  Recognition result = Recognition::kNo;
  for (const Protocol* protocol : redaction::kProtocols) {
    const Recognition recognition = protocol->recognise(bytes, size, hints);
    if (recognition == Recognition::kRequest || recognition == Recognition::kResponse) return {recognition, protocol};
    if (recognition == Recognition::kUndecided) result = recognition;
  }
  return {result, nullptr};
}

}  // namespace

struct Redactor::Socket {
  std::unique_ptr<redaction::Conversation> conversation;
  bool local_is_client = false;
  // Whether next_sequence is known, and the sequence number that follows what was seen; for ingress and egress.
  bool has_sequence[2] = {false, false};
  uint32_t next_sequence[2] = {0, 0};
  // The first bytes of a message, as long as they do not tell a protocol.
  std::vector<uint8_t> held;
  bool held_is_egress = false;
  uint32_t tries = 0;
  uint64_t last_call = 0;

  size_t carried_bytes() const {
    return held.capacity() + (conversation == nullptr ? 0 : conversation->carried_bytes());
  }

  // Where a call stands in its direction's stream.
  Call place(const SocketCall& call) {
    Call part{Sender::kClient, call.starts_message, 0, 0};
    if (call.tcp_sequence == 0) return part;
    const size_t direction = call.is_egress ? 1 : 0;
    const int32_t step =
        has_sequence[direction] ? static_cast<int32_t>(call.tcp_sequence - next_sequence[direction]) : 0;
    if (step > 0) part.missed = static_cast<uint64_t>(step);
    // Bytes read twice (MSG_PEEK), or calls of two threads that overtook one another.
    if (step < 0) part.repeated = static_cast<size_t>(std::min<uint64_t>(-static_cast<int64_t>(step), call.length));
    if (part.repeated < call.length || !has_sequence[direction]) {
      has_sequence[direction] = true;
      next_sequence[direction] = call.tcp_sequence + static_cast<uint32_t>(call.length);
    }
    return part;
  }
};

Redactor::Redactor(const RedactionOptions& options, std::vector<std::unique_ptr<re2::RE2>> patterns)
    : credentials_(options.names), sends_unrecognised_(options.sends_unrecognised), patterns_(std::move(patterns)) {}
Redactor::~Redactor() = default;

std::unique_ptr<Redactor> Redactor::create(const RedactionOptions& options, std::string& error) {
  re2::RE2::Options syntax;
  syntax.set_encoding(re2::RE2::Options::EncodingLatin1);
  syntax.set_log_errors(false);
  std::vector<std::unique_ptr<re2::RE2>> compiled;
  for (const std::string& pattern : options.patterns) {
    auto expression = std::make_unique<re2::RE2>(pattern, syntax);
    if (!expression->ok()) {
      error = "redaction pattern '" + pattern + "' is not valid RE2: " + expression->error();
      return nullptr;
    }
    compiled.push_back(std::move(expression));
  }
  return std::unique_ptr<Redactor>(new Redactor(options, std::move(compiled)));
}

size_t Redactor::redact(const SocketCall& call, uint8_t* bytes, size_t captured, std::vector<Range>& ranges) {
  Payload payload(bytes, captured, call.length);
  decide(call, payload);
  if (captured > 0 && !patterns_.empty()) cover_patterns(payload);
  return payload.finish(ranges);
}

void Redactor::forget(uint64_t socket_id) {
  const auto found = sockets_.find(socket_id);
  if (found == sockets_.end()) return;
  carried_bytes_ -= found->second->carried_bytes();
  sockets_.erase(found);
}

void Redactor::decide(const SocketCall& call, Payload& payload) {
  if (call.length == 0) return;
  // Each datagram is a message; many clients may share a socket.
  if (call.transport != Transport::kUdp) return decide_connection(call, payload);
  const Recognised recognised = recognise_protocol(payload.bytes(), payload.captured(), hints_of(call));
  if (recognised.protocol == nullptr || !recognised.protocol->sends_datagrams) withhold(payload);
}

void Redactor::decide_connection(const SocketCall& call, Payload& payload) {
  std::unique_ptr<Socket>& found = sockets_[call.socket_id];
  if (found == nullptr) found = std::make_unique<Socket>();
  Socket& socket = *found;
  socket.last_call = ++calls_;
  carried_bytes_ -= socket.carried_bytes();
  Call part = socket.place(call);
  if (socket.conversation == nullptr) {
    recognise(socket, call, payload, part);
  } else {
    part.sender = call.is_egress == socket.local_is_client ? Sender::kClient : Sender::kServer;
    socket.conversation->read(part, payload);
  }
  if (socket.conversation != nullptr && socket.conversation->is_over()) socket.conversation.reset();
  carried_bytes_ += socket.carried_bytes();
  if (sockets_.size() > kMaxSockets || carried_bytes_ > kMaxCarriedBytes) make_room();
}

void Redactor::recognise(Socket& socket, const SocketCall& call, Payload& payload, Call& part) {
  const bool continues =
      !socket.held.empty() && socket.held_is_egress == call.is_egress && !call.starts_message && part.missed == 0;
  if (!continues) {
    socket.held = {};
    if (!call.starts_message || payload.captured() == 0) return withhold(payload);
    socket.tries++;
    if (socket.tries > kEagerTries && socket.tries % kLateTryEvery != 0) return withhold(payload);
  }
  if (part.repeated > 0) return withhold(payload);
  std::vector<uint8_t> bytes = std::exchange(socket.held, {});
  const size_t earlier = bytes.size();
  bytes.insert(bytes.end(), payload.bytes(), payload.bytes() + payload.captured());
  Hints hints = hints_of(call);
  hints.length += earlier;
  const Recognised recognised = recognise_protocol(bytes.data(), bytes.size(), hints);
  if (recognised.recognition == Recognition::kNo) return withhold(payload);
  if (recognised.recognition == Recognition::kUndecided) {
    const bool is_whole = payload.captured() == payload.length();
    if (!is_whole || bytes.size() > kMaxHeldBytes) return withhold(payload);
    socket.held = std::move(bytes);
    socket.held_is_egress = call.is_egress;
    return;
  }
  const Sender first = recognised.recognition == Recognition::kRequest ? Sender::kClient : Sender::kServer;
  socket.local_is_client = call.is_egress == (first == Sender::kClient);
  socket.conversation = recognised.protocol->open(first, hints, credentials_);
  socket.tries = 0;
  part.sender = first;
  if (earlier > 0) {
    Payload before(bytes.data(), earlier, earlier);
    socket.conversation->read({first, true, 0, 0}, before);
    part.starts_message = false;
  }
  socket.conversation->read(part, payload);
}

void Redactor::withhold(Payload& payload) const {
  if (!sends_unrecognised_) payload.withhold(0);
}

// The least recently used half goes, or everything where unfinished messages are what takes the room. What is forgotten is
// recognised anew and sends nothing until then.
void Redactor::make_room() {
  if (carried_bytes_ > kMaxCarriedBytes) {
    sockets_.clear();
    carried_bytes_ = 0;
    return;
  }
  std::vector<uint64_t> ages;
  ages.reserve(sockets_.size());
  for (const auto& [id, socket] : sockets_) ages.push_back(socket->last_call);
  std::nth_element(ages.begin(), ages.begin() + static_cast<ptrdiff_t>(ages.size() / 2), ages.end());
  const uint64_t oldest_kept = ages[ages.size() / 2];
  for (auto entry = sockets_.begin(); entry != sockets_.end();) {
    if (entry->second->last_call >= oldest_kept) {
      entry++;
      continue;
    }
    carried_bytes_ -= entry->second->carried_bytes();
    entry = sockets_.erase(entry);
  }
}

void Redactor::cover_patterns(Payload& payload) const {
  constexpr int kMaxGroups = 16;
  const size_t size = payload.captured();
  const re2::StringPiece text(reinterpret_cast<const char*>(payload.bytes()), size);
  std::array<re2::StringPiece, kMaxGroups + 1> groups;
  for (const auto& pattern : patterns_) {
    const int group_count = std::min(pattern->NumberOfCapturingGroups(), kMaxGroups);
    size_t at = 0;
    while (at <= size && pattern->Match(text, at, size, re2::RE2::UNANCHORED, groups.data(), group_count + 1)) {
      const size_t end = static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size();
      const bool is_empty = groups[0].empty();
      for (int group = group_count == 0 ? 0 : 1; group <= group_count; group++) {
        if (groups[group].empty()) continue;
        const size_t from = static_cast<size_t>(groups[group].data() - text.data());
        payload.cover(from, from + groups[group].size());
      }
      at = is_empty ? end + 1 : end;
    }
  }
}

}  // namespace spanloom
