// SPDX-License-Identifier: Apache-2.0
//
// Answers of rtnetlink under any bytes, for libFuzzer. The first byte says which list they are of; then come datagrams, each behind
// its length in two bytes. A datagram of no bytes ends an answer.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "packets/network-lists.h"

namespace {

using namespace spanloom::packets;

void hold(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

// Each datagram as large as it is, so that every byte read beyond it is seen.
class Datagrams {
 public:
  Datagrams(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size) {}

  bool is_empty() const { return size_ < 2; }

  std::span<const uint8_t> next() {
    if (is_empty()) return {};
    const size_t length = std::min<size_t>(bytes_[0] | bytes_[1] << 8, size_ - 2);
    one_.reset(new uint8_t[length]);
    if (length > 0) memcpy(one_.get(), bytes_ + 2, length);
    bytes_ += 2 + length;
    size_ -= 2 + length;
    return {one_.get(), length};
  }

 private:
  const uint8_t* bytes_;
  size_t size_;
  std::unique_ptr<uint8_t[]> one_;
};

template <typename Table>
void check_table(const Table& table) {
  hold(table.size() <= kMaxListEntries, "a list is bounded");
  for (const auto& [key, values] : table) hold(values.size() <= kMaxListEntries, "a list is bounded");
}

void check_list(const LinkList& list) {
  hold(list.links.size() <= kMaxInterfaces, "interfaces are bounded");
  for (const auto& [index, link] : list.links) hold(link.interface.id.index == index, "an interface has its number");
}

void check_list(const AddressList& list) {
  check_table(list.own);
  check_table(list.peers);
}

void check_list(const NeighbourList& list) {
  check_table(list.hosts);
  check_table(list.by_mac);
}

void check_list(const ForwardingList& list) { check_table(list.behind); }

void check_list(const RouteList& list) { check_table(list.hosts); }

// Questions are numbered from 1, as a socket's are.
template <typename List>
void read(Datagrams& datagrams) {
  Known<List> known;
  for (uint32_t round = 0; round < 4 && !datagrams.is_empty(); round++) {
    uint32_t questions = 0;
    const bool was_whole = known.is_whole;
    const ListResult result = read_list(
        known, [&] { return std::optional(++questions); }, [&] { return datagrams.next(); });
    hold(questions <= kMaxListAttempts, "it is asked for a bounded number of times");
    hold(known.is_whole == (was_whole || result == ListResult::kWhole), "it is whole when one was");
    check_list(known.list);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  if (size < 1) return 0;
  Datagrams datagrams(input + 1, size - 1);
  switch (input[0] % 5) {
    case 0:
      read<LinkList>(datagrams);
      break;
    case 1:
      read<AddressList>(datagrams);
      break;
    case 2:
      read<NeighbourList>(datagrams);
      break;
    case 3:
      read<ForwardingList>(datagrams);
      break;
    default:
      read<RouteList>(datagrams);
  }
  return 0;
}
