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
// Of a program whose runtime seems to be beginning; the last one decides.
constexpr uint32_t kMaxTries = 12;

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

Runtimes::Runtimes(const RuntimeMaps& maps, const WantedRuntimes& wanted, volatile __u64* epoch,
                   std::shared_ptr<PythonProbes> python_probes)
    : iterator_(fcntl(maps.iterator, F_DUPFD_CLOEXEC, 0)),
      map_(fcntl(maps.programs, F_DUPFD_CLOEXEC, 0)),
      wanted_(wanted),
      python_probes_(std::move(python_probes)),
      java_(iterator_, maps.java_processes),
      epoch_(epoch) {}

RuntimeInspection Runtimes::inspect(uint32_t process_id, uint32_t owner, bool with_libraries) {
  RuntimeInspection inspection;
  const std::optional<spanloom_process> before = running_program(iterator_, process_id);
  if (!before.has_value()) return inspection;
  const std::optional<spanloom_context_kind> known = known_kind(before->program);
  if (known.has_value()) {
    // A program that had no runtime may have loaded one by now; where it keeps its virtual threads each process says.
    if (wanted_.virtual_threads && (*known == SPANLOOM_VIRTUAL_THREAD || (*known == SPANLOOM_THREAD && with_libraries)))
      inspect_java(*before, owner, *known, inspection);
    return inspection;
  }
  if (!budget_.has(owner)) {
    inspection.is_left_out = true;
    return inspection;
  }
  const std::string link = "/proc/" + std::to_string(process_id) + "/exe";
  const std::string path = target_of(link);
  std::string problem;
  const std::optional<FoundFile> executable = find_file(link, problem);
  if (!executable.has_value()) return inspection;
  Search result = search(process_id, *executable, path);
  budget_.spend(owner, result.bytes_read);
  // If it still runs the same program, then that is what was opened, and its memory what was read.
  const std::optional<spanloom_process> after = running_program(iterator_, process_id);
  if (!after.has_value() || std::memcmp(&*after, &*before, sizeof(*before)) != 0) {
    inspection.is_left_out = after.has_value();
    return inspection;
  }
  const uint32_t tries = result.is_too_early ? tries_of(before->program) + 1 : kMaxTries;
  if (tries < kMaxTries) {
    remember(before->program, owner, nullptr, tries);
    inspection.is_left_out = true;
    return inspection;
  }
  if (!result.found.has_value()) {
    if (!wanted_.virtual_threads || !inspect_java(*before, owner, std::nullopt, inspection))
      remember(before->program, owner, nullptr, kMaxTries);
    return inspection;
  }
  if (result.python.has_value() && result.runtime.is_readable != 0 && python_probes_ != nullptr) {
    const PythonFile& python = *result.python;
    result.found->probe_problem =
        python.program.copy_offset.has_value()
            ? python_probes_->attach(python.identity, python.file, *python.program.copy_offset, owner)
            : "It does not export PyContext_CopyCurrent().";
  }
  remember(before->program, owner, &result.runtime, kMaxTries);
  inspection.found = std::move(result.found);
  return inspection;
}

Runtimes::Search Runtimes::search(uint32_t process_id, const FoundFile& executable, const std::string& path) const {
  Search search;
  Descriptor file = open_found_file(executable);
  if (!file.is_open()) return search;
  if (wanted_.goroutines) {
    GoSearch go = find_go(FileBytes(file));
    search.bytes_read += go.bytes_read;
    if (go.program.has_value()) {
      search.runtime = go.program->runtime;
      search.found = FoundRuntime{path, go.program->version, go.program->problem, ""};
      return search;
    }
  }
  if (wanted_.python) {
    PythonInspection python = inspect_python(process_id, executable, std::move(file));
    search.bytes_read += python.bytes_read;
    search.is_too_early = python.is_too_early;
    search.runtime = python.runtime;
    if (python.found.has_value())
      search.found = FoundRuntime{path, "CPython " + python.found->program.version, python.problem, ""};
    search.python = std::move(python.found);
  }
  return search;
}

// False when it runs no Java that has virtual threads, as far as can be seen now.
bool Runtimes::inspect_java(const spanloom_process& process, uint32_t owner, std::optional<spanloom_context_kind> known,
                            RuntimeInspection& inspection) {
  const JavaInspection java = java_.inspect(process, owner, budget_);
  inspection.is_left_out = java.is_left_out;
  if (java.is_left_out) return true;
  if (!java.has_virtual_threads && known != SPANLOOM_VIRTUAL_THREAD) return false;
  // What was looked at is of the process that still runs.
  const std::optional<spanloom_process> after = running_program(iterator_, process.process_id);
  if (!after.has_value() || std::memcmp(&*after, &process, sizeof(process)) != 0) {
    inspection.is_left_out = after.has_value();
    return true;
  }
  if (java.found.has_value()) java_.publish(process, owner, *java.found);
  const bool is_new_program = known != SPANLOOM_VIRTUAL_THREAD;
  if (is_new_program) {
    spanloom_runtime runtime{};
    runtime.kind = SPANLOOM_VIRTUAL_THREAD;
    remember(process.program, owner, &runtime, kMaxTries);
  } else if (java.found.has_value()) raise_epoch();
  if (java.found.has_value() && (is_new_program || !java.found->problem.empty()))
    inspection.found = FoundRuntime{target_of("/proc/" + std::to_string(process.process_id) + "/exe"), java.found->version,
                                    java.found->problem, ""};
  return true;
}

void Runtimes::close() {
  const std::lock_guard lock(mutex_);
  epoch_ = nullptr;
}

// Threads look again when they see another epoch.
void Runtimes::raise_epoch() {
  const std::lock_guard lock(mutex_);
  if (epoch_ != nullptr) __atomic_fetch_add(epoch_, 1, __ATOMIC_SEQ_CST);
}

std::optional<spanloom_context_kind> Runtimes::known_kind(const spanloom_program& program) const {
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(known_.rbegin(), known_.rend(), [&program](const Known& each) {
    return each.tries >= kMaxTries && is_same(each.program, program);
  });
  return known == known_.rend() ? std::nullopt : std::optional(known->kind);
}

uint32_t Runtimes::tries_of(const spanloom_program& program) const {
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(known_.begin(), known_.end(),
                                  [&program](const Known& one) { return is_same(one.program, program); });
  return known == known_.end() ? 0 : known->tries;
}

void Runtimes::remember(const spanloom_program& program, uint32_t owner, const spanloom_runtime* runtime,
                        uint32_t tries) {
  const std::lock_guard lock(mutex_);
  if (epoch_ == nullptr) return;
  // Rewritten, or another file under the number of one that was removed.
  const auto former = std::find_if(known_.begin(), known_.end(), [&program](const Known& known) {
    return known.program.device == program.device && known.program.inode == program.inode;
  });
  if (former != known_.end()) forget(former);
  make_room(runtime != nullptr);
  const __u8 kind = runtime == nullptr ? static_cast<__u8>(SPANLOOM_THREAD) : runtime->kind;
  known_.push_back({program, owner, static_cast<spanloom_context_kind>(kind), tries});
  if (runtime == nullptr) return;
  bpf_map_update_elem(map_.number(), &program, runtime, BPF_ANY);
  // Threads look again when they see another epoch.
  __atomic_fetch_add(epoch_, 1, __ATOMIC_SEQ_CST);
}

void Runtimes::forget(std::deque<Known>::iterator known) {
  if (known->has_runtime()) bpf_map_delete_elem(map_.number(), &known->program);
  known_.erase(known);
}

// One without a runtime costs least to look at again. Of those with one, the user that has the most loses its oldest.
void Runtimes::make_room(bool for_runtime) {
  if (known_.size() >= kMaxKnown) {
    const auto oldest = std::find_if(known_.begin(), known_.end(), [](const Known& known) { return !known.has_runtime(); });
    forget(oldest == known_.end() ? known_.begin() : oldest);
  }
  if (!for_runtime) return;
  std::unordered_map<uint32_t, size_t> runtimes_of;
  size_t runtimes = 0;
  for (const Known& known : known_) {
    if (!known.has_runtime()) continue;
    runtimes++;
    runtimes_of[known.owner]++;
  }
  if (runtimes < SPANLOOM_MAX_PROGRAMS) return;
  const auto most = std::max_element(runtimes_of.begin(), runtimes_of.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  });
  forget(std::find_if(known_.begin(), known_.end(), [&most](const Known& known) {
    return known.has_runtime() && known.owner == most->first;
  }));
}

}  // namespace spanloom
