// SPDX-License-Identifier: Apache-2.0
#include "runtimes/runtimes.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "process-files.h"
#include "runtimes/go-program.h"
#include "runtimes/running-program.h"

namespace spanloom {
namespace {

constexpr size_t kMaxKnown = 16384;

bool is_same(const spanloom_program& left, const spanloom_program& right) {
  return std::memcmp(&left, &right, sizeof(left)) == 0;
}

// Where a link of procfs leads, for people.
std::string target_of(const std::string& link) {
  std::array<char, 4096> target;
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  return length <= 0 ? link : std::string(target.data(), static_cast<size_t>(length));
}

}  // namespace

Runtimes::Runtimes(int iterator, int map, volatile __u64* epoch)
    : iterator_(fcntl(iterator, F_DUPFD_CLOEXEC, 0)), map_(fcntl(map, F_DUPFD_CLOEXEC, 0)), epoch_(epoch) {}

RuntimeInspection Runtimes::inspect(uint32_t process_id, uint32_t owner) {
  RuntimeInspection inspection;
  const std::optional<spanloom_process> before = running_program(iterator_, process_id);
  if (!before.has_value() || is_known(before->program)) return inspection;
  if (!budget_.has(owner)) {
    inspection.is_left_out = true;
    return inspection;
  }
  const std::string link = "/proc/" + std::to_string(process_id) + "/exe";
  const std::string path = target_of(link);
  std::string problem;
  const std::optional<FoundFile> executable = find_file(link, problem);
  if (!executable.has_value()) return inspection;
  const Descriptor file = open_found_file(*executable);
  // If it still runs the same program, then that is what was opened.
  const std::optional<spanloom_process> after = running_program(iterator_, process_id);
  if (!after.has_value() || std::memcmp(&*after, &*before, sizeof(*before)) != 0) {
    inspection.is_left_out = after.has_value();
    return inspection;
  }
  GoSearch search;
  if (file.is_open()) search = find_go(FileBytes(file));
  budget_.spend(owner, search.bytes_read);
  if (!search.program.has_value()) {
    remember(before->program, owner, nullptr);
    return inspection;
  }
  remember(before->program, owner, &search.program->runtime);
  inspection.found = FoundRuntime{path, search.program->version, search.program->problem};
  return inspection;
}

void Runtimes::close() {
  const std::lock_guard lock(mutex_);
  epoch_ = nullptr;
}

bool Runtimes::is_known(const spanloom_program& program) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.rbegin(), known_.rend(),
                     [&program](const Known& known) { return is_same(known.program, program); });
}

void Runtimes::remember(const spanloom_program& program, uint32_t owner, const spanloom_runtime* runtime) {
  const std::lock_guard lock(mutex_);
  if (epoch_ == nullptr) return;
  // Rewritten, or another file under the number of one that was removed.
  const auto former = std::find_if(known_.begin(), known_.end(), [&program](const Known& known) {
    return known.program.device == program.device && known.program.inode == program.inode;
  });
  if (former != known_.end()) forget(former);
  make_room(runtime != nullptr);
  known_.push_back({program, owner, runtime != nullptr});
  if (runtime == nullptr) return;
  bpf_map_update_elem(map_.number(), &program, runtime, BPF_ANY);
  // Threads look again when they see another epoch.
  __atomic_fetch_add(epoch_, 1, __ATOMIC_SEQ_CST);
}

void Runtimes::forget(std::deque<Known>::iterator known) {
  if (known->has_runtime) bpf_map_delete_elem(map_.number(), &known->program);
  known_.erase(known);
}

// One without a runtime costs least to look at again. Of those with one, the user that has the most loses its oldest.
void Runtimes::make_room(bool for_runtime) {
  if (known_.size() >= kMaxKnown) {
    const auto oldest = std::find_if(known_.begin(), known_.end(), [](const Known& known) { return !known.has_runtime; });
    forget(oldest == known_.end() ? known_.begin() : oldest);
  }
  if (!for_runtime) return;
  std::unordered_map<uint32_t, size_t> runtimes_of;
  size_t runtimes = 0;
  for (const Known& known : known_) {
    if (!known.has_runtime) continue;
    runtimes++;
    runtimes_of[known.owner]++;
  }
  if (runtimes < SPANLOOM_MAX_PROGRAMS) return;
  const auto most = std::max_element(runtimes_of.begin(), runtimes_of.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  });
  forget(std::find_if(known_.begin(), known_.end(), [&most](const Known& known) {
    return known.has_runtime && known.owner == most->first;
  }));
}

}  // namespace spanloom
