// SPDX-License-Identifier: Apache-2.0
#include "network-links.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

#include "descriptor.h"

namespace spanloom {
namespace {

constexpr size_t kMaxAddresses = 4096;
constexpr int kMacBytes = 6;

}  // namespace

std::vector<std::string> mac_addresses_of(uint32_t process_id) {
  std::vector<std::string> addresses;
  const Descriptor own(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const Descriptor other(open(("/proc/" + std::to_string(process_id) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (!own.is_open() || !other.is_open() || setns(other.number(), CLONE_NEWNET) != 0) return addresses;
  ifaddrs* interfaces = nullptr;
  const bool has_interfaces = getifaddrs(&interfaces) == 0;
  // The thread has come from there, so the way back is not refused; a thread that is elsewhere must do nothing else.
  if (setns(own.number(), CLONE_NEWNET) != 0) abort();
  if (!has_interfaces) return addresses;
  for (const ifaddrs* each = interfaces; each != nullptr && addresses.size() < kMaxAddresses; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_PACKET) continue;
    const auto* link = reinterpret_cast<const sockaddr_ll*>(each->ifa_addr);
    if (link->sll_halen != kMacBytes) continue;
    char text[3 * kMacBytes];
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", link->sll_addr[0], link->sll_addr[1],
             link->sll_addr[2], link->sll_addr[3], link->sll_addr[4], link->sll_addr[5]);
    addresses.emplace_back(text);
  }
  freeifaddrs(interfaces);
  return addresses;
}

}  // namespace spanloom
