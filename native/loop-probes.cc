// SPDX-License-Identifier: Apache-2.0
#include "loop-probes.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "diagnose.h"

namespace spanloom {
namespace {

// Of libuv, the first of these that a file has. After polling a loop runs its check callbacks (setImmediate), then
// closing callbacks, timers, idle and prepare callbacks, and polls again: clearing before check covers them all,
// since none of them reads a socket. A probe costs the program a few microseconds each turn of its loop, so one has
// to do.
constexpr std::array<std::string_view, 2> kLoopFunctions = {"uv__run_check", "uv__run_timers"};

// Containers come and go, each with its own copy of a file: the oldest are let go.
constexpr size_t kMaxKnown = 16384;
// Files with a probe. Beyond it the user that has the most loses its oldest.
constexpr size_t kMaxProbes = 1024;
constexpr size_t kMaxLibrariesOfProcess = 16;
constexpr size_t kMaxMapsBytes = 4 * 1024 * 1024;

// The number that perf_event_open() knows uprobes by; -1 where the kernel has none.
int uprobe_type() {
  const std::string text = read_bounded("/sys/bus/event_source/devices/uprobe/type", 32);
  return text.empty() ? -1 : atoi(text.c_str());
}

// Where a link of procfs leads, for people.
std::string target_of(const std::string& link) {
  std::array<char, 4096> target;
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  return length <= 0 ? link : std::string(target.data(), static_cast<size_t>(length));
}

}  // namespace

LoopProbes::LoopProbes(int program) : program_(fcntl(program, F_DUPFD_CLOEXEC, 0)) {}

LoopInspection LoopProbes::inspect(uint32_t process_id, uint32_t owner, bool with_libraries) {
  LoopInspection inspection;
  const std::string process = "/proc/" + std::to_string(process_id);
  std::string problem;
  const std::optional<FoundFile> executable = find_file(process + "/exe", problem);
  // Kernel threads have no executable, and a process may end at any time.
  if (!executable.has_value()) return inspection;
  const bool is_new = try_file(*executable, target_of(process + "/exe"), owner, inspection);
  // A new executable may come with new libraries; reading the mappings of every process each time costs too much.
  if (!is_new && !with_libraries) return inspection;
  if (!budget_.has(owner)) {
    inspection.left_out++;
    return inspection;
  }
  const std::string maps = read_bounded(process + "/maps", kMaxMapsBytes);
  budget_.spend(owner, maps.size());
  for (const MappedFile& library : loop_libraries(maps, kMaxLibrariesOfProcess, inspection.left_out)) {
    const std::optional<FoundFile> found = find_mapped_file(process_id, library, problem);
    if (found.has_value()) try_file(*found, library.path, owner, inspection);
    else inspection.files.push_back({library.path, 0, problem});
  }
  return inspection;
}

int LoopProbes::attach(const std::string& path, std::string& error) {
  const std::optional<FoundFile> found = find_file(path, error);
  if (!found.has_value()) return -1;
  LoopInspection inspection;
  try_file(*found, path, 0, inspection);
  for (const LoopInspection::File& file : inspection.files) {
    error = file.error;
    return error.empty() ? file.probes : -1;
  }
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.begin(), known_.end(), [&found](const Known& known) {
    return known.identity == found->identity && known.event.is_open();
  });
}

// True when the file had not been seen before.
bool LoopProbes::try_file(const FoundFile& found, const std::string& path, uint32_t owner, LoopInspection& into) {
  if (is_known(found.identity)) return false;
  if (!budget_.has(owner)) {
    into.left_out++;
    return false;
  }
  const Descriptor file = open_found_file(found);
  if (!file.is_open()) {
    into.files.push_back({path, 0, path + " cannot be opened: " + strerror(errno) + "."});
    budget_.spend(owner, 0);
    remember(found.identity, owner, Descriptor());
    return true;
  }
  const FunctionSearch search = find_function(FileBytes(file), kLoopFunctions);
  budget_.spend(owner, search.bytes_read);
  LoopInspection::File outcome{path, 0, ""};
  Descriptor event;
  if (search.file_offset.has_value()) {
    event = attach_at(file, *search.file_offset, outcome.error);
    outcome.probes = event.is_open() ? 1 : 0;
    into.files.push_back(outcome);
  }
  remember(found.identity, owner, std::move(event));
  return true;
}

Descriptor LoopProbes::attach_at(const Descriptor& file, uint64_t offset, std::string& error) const {
  const std::string path = "/proc/self/fd/" + std::to_string(file.number());
  const int type = uprobe_type();
  if (type < 0) {
    error = kNoUprobes;
    return Descriptor();
  }
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = static_cast<uint32_t>(type);
  attributes.config1 = reinterpret_cast<uintptr_t>(path.c_str());
  attributes.config2 = offset;
  // Of any process, on any processor: the number of one is asked for and not used.
  Descriptor event(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (event.is_open() && ioctl(event.number(), PERF_EVENT_IOC_SET_BPF, program_.number()) == 0 &&
      ioctl(event.number(), PERF_EVENT_IOC_ENABLE, 0) == 0)
    return event;
  error = errno == EACCES || errno == EPERM ? std::string(kNoLoopProbes)
                                            : std::string("The kernel refuses a probe: ") + strerror(errno) + ".";
  return Descriptor();
}

bool LoopProbes::is_known(const FileIdentity& identity) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.begin(), known_.end(),
                     [&identity](const Known& known) { return known.identity == identity; });
}

void LoopProbes::remember(const FileIdentity& identity, uint32_t owner, Descriptor event) {
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
  known_.push_back({identity, owner, std::move(event)});
}

void LoopProbes::release(std::deque<Known>::iterator known, std::vector<Known>& released) {
  released.push_back(std::move(*known));
  known_.erase(known);
}

void LoopProbes::make_room(std::vector<Known>& released) {
  if (known_.size() >= kMaxKnown) {
    // One without a probe costs least to look at again.
    const auto oldest =
        std::find_if(known_.begin(), known_.end(), [](const Known& known) { return !known.event.is_open(); });
    release(oldest == known_.end() ? known_.begin() : oldest, released);
  }
  std::unordered_map<uint32_t, size_t> probes_of;
  size_t probes = 0;
  for (const Known& known : known_) {
    if (!known.event.is_open()) continue;
    probes++;
    probes_of[known.owner]++;
  }
  if (probes < kMaxProbes) return;
  const auto most = std::max_element(probes_of.begin(), probes_of.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  });
  const auto oldest = std::find_if(known_.begin(), known_.end(), [&most](const Known& known) {
    return known.event.is_open() && known.owner == most->first;
  });
  if (oldest != known_.end()) release(oldest, released);
}

std::deque<Descriptor> LoopProbes::detach() {
  std::deque<Descriptor> events;
  const std::lock_guard lock(mutex_);
  is_detached_ = true;
  for (Known& known : known_)
    if (known.event.is_open()) events.push_back(std::move(known.event));
  known_.clear();
  return events;
}

}  // namespace spanloom
