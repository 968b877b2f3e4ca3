// SPDX-License-Identifier: Apache-2.0
//
// Answers of the kernel as bytes (netlink(7)). Nothing of their lengths is trusted.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <utility>

namespace spanloom::packets {

// Attributes behind the fixed part of a message.
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  // The payload of the first attribute of a type; empty: none.
  std::span<const uint8_t> find(uint16_t type) const;
  std::optional<uint32_t> number(uint16_t type) const;

 private:
  std::span<const uint8_t> bytes_;
};

// What one datagram says of the answer it is a part of.
struct AnswerPart {
  // NLMSG_DONE: there is no more.
  bool is_last = false;
  // NLM_F_DUMP_INTR: what is listed changed meanwhile. Entries may be missing, or be there twice.
  bool is_interrupted = false;
  // The kernel refused, or the bytes are no messages.
  bool has_failed = false;
};

// Calls `take(type, body)` for each message of one datagram that answers the question with this number. Other messages are
// skipped.
using TakeMessage = std::function<void(uint16_t type, std::span<const uint8_t> body)>;
AnswerPart read_answer(std::span<const uint8_t> datagram, uint32_t sequence, const TakeMessage& take);

enum class ListResult : uint8_t { kWhole, kInterrupted, kFailed };

// A list as it was read last.
template <typename List>
struct Known {
  List list;
  bool is_whole = false;
};

// As often an interrupted answer is asked for.
inline constexpr int kMaxListAttempts = 3;
// Of one answer; a table of a million routes comes in a few thousand.
inline constexpr int kMaxAnswerDatagrams = 65'536;

// Reads a list whose answer comes as datagrams. `ask()` gives the number of the question, nothing where it could not be asked;
// `receive()` the next datagram, empty where none comes. A list that is not whole never replaces one that is; where there
// is none, an interrupted one is better than nothing.
template <typename List, typename Ask, typename Receive>
ListResult read_list(Known<List>& known, Ask&& ask, Receive&& receive) {
  using Fixed = typename List::Fixed;
  for (int attempt = 0; attempt < kMaxListAttempts; attempt++) {
    const std::optional<uint32_t> sequence = ask();
    if (!sequence.has_value()) return ListResult::kFailed;
    List now;
    const TakeMessage take = [&now](uint16_t type, std::span<const uint8_t> body) {
      if (type != List::kAnswer || body.size() < NLMSG_ALIGN(sizeof(Fixed))) return;
      Fixed fixed;
      std::memcpy(&fixed, body.data(), sizeof(fixed));
      now.add(fixed, NetlinkAttributes(body.subspan(NLMSG_ALIGN(sizeof(Fixed)))));
    };
    AnswerPart all;
    for (int left = kMaxAnswerDatagrams; !all.is_last && left > 0; left--) {
      const std::span<const uint8_t> datagram = receive();
      const AnswerPart part = datagram.empty() ? AnswerPart{.has_failed = true} : read_answer(datagram, *sequence, take);
      if (part.has_failed) return ListResult::kFailed;
      all.is_last = part.is_last;
      all.is_interrupted |= part.is_interrupted;
    }
    if (!all.is_last) return ListResult::kFailed;
    if (!all.is_interrupted || !known.is_whole) known.list = std::move(now);
    known.is_whole |= !all.is_interrupted;
    if (!all.is_interrupted) return ListResult::kWhole;
  }
  return ListResult::kInterrupted;
}

}  // namespace spanloom::packets
