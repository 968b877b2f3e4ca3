// SPDX-License-Identifier: Apache-2.0
//
// Which packets the kernel hands to a ring, as a program of classic BPF. It leaves out packets of chosen ends, which are our
// own traffic, and what a loopback interface shows a second time; then an expression in libpcap's syntax decides, where there
// is one. libpcap is loaded only for that: everything else works without it.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "frame.h"

namespace spanloom::packets {

// An end of TCP connections to leave out.
struct ExcludedEnd {
  // None: any address.
  Address address;
  uint16_t port = 0;
};

// More are not taken: a program has at most 4,096 instructions.
inline constexpr size_t kMaxExcludedEnds = 64;

struct FilterOptions {
  // libpcap's syntax; empty: everything.
  std::string expression;
  std::vector<ExcludedEnd> excluded;
  // Bytes kept of a packet.
  uint32_t snap_length = 2048;
};

// The program for interfaces of a link type (Ethernet or raw IP). Empty, and one sentence in `error`, where the expression is
// not valid or libpcap is missing.
std::vector<sock_filter> make_filter(const FilterOptions& options, uint16_t link_type, std::string& error);

// Whether libpcap can be loaded.
bool has_libpcap();

}  // namespace spanloom::packets
