// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "network-interfaces.h"
#include "network-lists.h"
#include "network-namespace.h"

namespace spanloom::packets {

// Reads the interfaces of network namespaces again and again. What cannot be read keeps what it said last: no interface is
// taken for gone because a list of interfaces was interrupted.
class InterfaceReader {
 public:
  // In the order of their numbers. Of the other ends of virtual pairs, addresses are read in namespaces that may be entered;
  // else what routes, neighbours and forwarding tables of bridges say of who is there.
  std::vector<NetworkInterface> read(const NetworkNamespace& home, const std::vector<const NetworkNamespace*>& namespaces);

  // One sentence for each namespace of which the latest reading did not get all lists whole.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  // What one namespace says.
  struct Facts {
    Known<LinkList> links;
    Known<AddressList> addresses;
    Known<NeighbourList> neighbours;
    Known<ForwardingList> forwarding;
    Known<RouteList> routes;
    // The inodes of other namespaces by the numbers that it has for them.
    std::map<int32_t, uint32_t> namespaces;
  };
  struct Round {
    const NetworkNamespace& home;
    // Nothing: they could not be listed.
    std::optional<std::vector<NetworkNamespace>> all;
    std::unordered_map<uint32_t, const NetworkNamespace*> by_inode;
  };

  void read_namespace(const Round& round, const NetworkNamespace& one);
  void read_ends(const Round& round, const NetworkNamespace& one);
  void report(const NetworkNamespace& one, bool is_entered, const std::string& interrupted, const std::string& failed);
  void add_other_end(const Round& round, const Facts& facts, const Link& link, std::vector<Address>& peers);
  NetworkInterface interface_of(const Round& round, const Facts& facts, uint32_t inode, const Link& link);

  // By inode, and those of them that were read in this round.
  std::map<uint32_t, Facts> known_;
  std::set<uint32_t> read_;
  std::vector<std::string> problems_;
};

}  // namespace spanloom::packets
