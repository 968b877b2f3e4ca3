// SPDX-License-Identifier: Apache-2.0
#include "probed-files.h"

#include <algorithm>
#include <unordered_map>

namespace spanloom {
namespace {

// Containers come and go, each with its own copy of a file: the oldest are let go.
constexpr size_t kMaxKnown = 16384;
// Files with a probe. Beyond it the user that has the most loses its oldest.
constexpr size_t kMaxProbes = 1024;

}  // namespace

bool ProbedFiles::is_known(const FileIdentity& identity) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.begin(), known_.end(),
                     [&identity](const Known& known) { return known.identity == identity; });
}

bool ProbedFiles::has_probe(const FileIdentity& identity) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.begin(), known_.end(), [&identity](const Known& known) {
    return known.identity == identity && known.probe.is_open();
  });
}

void ProbedFiles::remember(const FileIdentity& identity, uint32_t owner, Descriptor probe) {
  // Taking a probe off waits for the processes that have the file mapped: not under the lock.
  std::vector<Known> released;
  const std::lock_guard lock(mutex_);
  if (is_detached_) return;
  // Rewritten, or another file under the number of one that was removed: the probe of before is in the wrong place.
  const auto former = std::find_if(known_.begin(), known_.end(), [&identity](const Known& known) {
    return known.identity.is_same_file(identity);
  });
  if (former != known_.end()) release(former, released);
  make_room(released);
  known_.push_back({identity, owner, std::move(probe)});
}

void ProbedFiles::release(std::deque<Known>::iterator known, std::vector<Known>& released) {
  released.push_back(std::move(*known));
  known_.erase(known);
}

void ProbedFiles::make_room(std::vector<Known>& released) {
  if (known_.size() >= kMaxKnown) {
    // One without a probe costs least to look at again.
    const auto oldest =
        std::find_if(known_.begin(), known_.end(), [](const Known& known) { return !known.probe.is_open(); });
    release(oldest == known_.end() ? known_.begin() : oldest, released);
  }
  std::unordered_map<uint32_t, size_t> probes_of;
  size_t probes = 0;
  for (const Known& known : known_) {
    if (!known.probe.is_open()) continue;
    probes++;
    probes_of[known.owner]++;
  }
  if (probes < kMaxProbes) return;
  const auto most = std::max_element(probes_of.begin(), probes_of.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  });
  const auto oldest = std::find_if(known_.begin(), known_.end(), [&most](const Known& known) {
    return known.probe.is_open() && known.owner == most->first;
  });
  if (oldest != known_.end()) release(oldest, released);
}

std::deque<Descriptor> ProbedFiles::detach() {
  std::deque<Descriptor> probes;
  const std::lock_guard lock(mutex_);
  is_detached_ = true;
  for (Known& known : known_)
    if (known.probe.is_open()) probes.push_back(std::move(known.probe));
  known_.clear();
  return probes;
}

}  // namespace spanloom
