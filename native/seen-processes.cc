// SPDX-License-Identifier: Apache-2.0
#include "seen-processes.h"

#include <cstring>

namespace spanloom {
namespace {

// Above this all are forgotten: those that still run are reported once more.
constexpr size_t kMaxProcesses = 65536;

}  // namespace

void SeenProcesses::note(const spanloom_event& event, std::vector<SeenProcess>& news) {
  const auto is_same = [&event](const Known& known) {
    return known.start_boottime_ns == event.process_start_ns &&
           std::memcmp(known.name.data(), event.process_name, SPANLOOM_NAME_BYTES) == 0;
  };
  if (last_ != nullptr && last_process_id_ == event.process_id && is_same(*last_)) return;

  if (known_.size() >= kMaxProcesses && !known_.contains(event.process_id)) known_.clear();
  const auto [entry, is_new] = known_.try_emplace(event.process_id);
  Known& known = entry->second;
  if (is_new || !is_same(known)) {
    known.start_boottime_ns = event.process_start_ns;
    std::memcpy(known.name.data(), event.process_name, SPANLOOM_NAME_BYTES);
    news.push_back({event.process_id, event.process_start_ns,
                    std::string(event.process_name, strnlen(event.process_name, SPANLOOM_NAME_BYTES))});
  }
  // References into an unordered_map stay valid until their element is erased.
  last_process_id_ = event.process_id;
  last_ = &known;
}

}  // namespace spanloom
