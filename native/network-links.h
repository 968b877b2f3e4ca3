// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spanloom {

// Hardware addresses of the interfaces in the network namespace of a process, at most 4,096, as text: "02:42:ac:11:00:02".
// The kernel tells them to a thread that enters the namespace; no file of the process is read. Takes CAP_SYS_ADMIN; empty
// without. Changes the namespace of the calling thread for a moment: only for threads that open no sockets of others.
std::vector<std::string> mac_addresses_of(uint32_t process_id);

}  // namespace spanloom
