// SPDX-License-Identifier: Apache-2.0
#include "runtimes/java-processes.h"

#include <bpf/bpf.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "runtimes/running-program.h"

namespace spanloom {
namespace {

constexpr size_t kMaxLibraries = 64;
constexpr size_t kMaxMapsBytes = 4 * 1024 * 1024;
// Looked at for each new one, oldest first: those that have ended are forgotten.
constexpr size_t kTended = 4;

bool is_same(const spanloom_java_process& left, const spanloom_java_process& right) {
  return std::memcmp(&left, &right, sizeof(left)) == 0;
}

spanloom_java_process key_of(const spanloom_process& process) {
  spanloom_java_process key{};
  key.start_ns = process.start_ns;
  key.exec_id = process.exec_id;
  key.process_id = process.process_id;
  return key;
}

std::string path_in(uint32_t process_id, const char* name) { return "/proc/" + std::to_string(process_id) + name; }

}  // namespace

JavaProcesses::JavaProcesses(const Descriptor& iterator, int map)
    : iterator_(iterator), map_(fcntl(map, F_DUPFD_CLOEXEC, 0)) {}

JavaInspection JavaProcesses::inspect(const spanloom_process& process, uint32_t owner, InspectionBudget& budget) {
  JavaInspection inspection;
  inspection.has_virtual_threads = is_known(key_of(process));
  if (inspection.has_virtual_threads) return inspection;
  const std::optional<MappedFile> mapped = java_library(read_bounded(path_in(process.process_id, "/maps"), kMaxMapsBytes));
  if (!mapped.has_value()) return inspection;
  if (!budget.has(owner)) {
    inspection.is_left_out = true;
    return inspection;
  }
  const std::optional<KnownLibrary> known = library_of(process.process_id, *mapped, owner, budget);
  if (!known.has_value()) return inspection;
  if (!known->library.has_value()) {
    // Another process of this program may have them.
    inspection.found = JavaProcess{};
    return inspection;
  }
  inspection.has_virtual_threads = true;
  JavaProcess found;
  if (!known->library->problem.empty()) found.problem = known->library->problem;
  else if (mapped->offset != 0) found.problem = "The beginning of its libjvm.so is not mapped.";
  else found = read_java_process(FileBytes(Descriptor(open(path_in(process.process_id, "/mem").c_str(), O_RDONLY | O_CLOEXEC))),
                                 *known->library, mapped->begin);
  if (found.is_early) inspection.is_left_out = true;
  else inspection.found = std::move(found);
  return inspection;
}

std::optional<JavaProcesses::KnownLibrary> JavaProcesses::library_of(uint32_t process_id, const MappedFile& mapped,
                                                                     uint32_t owner, InspectionBudget& budget) {
  std::string problem;
  const std::optional<FoundFile> found = find_mapped_file(process_id, mapped, problem);
  if (!found.has_value()) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    for (const KnownLibrary& known : libraries_)
      if (known.identity == found->identity) return known;
  }
  const Descriptor file = open_found_file(*found);
  if (!file.is_open()) return std::nullopt;
  const JavaLibrarySearch search = find_java(FileBytes(file));
  budget.spend(owner, search.bytes_read);
  const std::lock_guard lock(mutex_);
  if (libraries_.size() >= kMaxLibraries) libraries_.pop_front();
  libraries_.push_back({found->identity, search.library});
  return libraries_.back();
}

void JavaProcesses::publish(const spanloom_process& process, uint32_t owner, const JavaProcess& found) {
  const spanloom_java_process key = key_of(process);
  const std::lock_guard lock(mutex_);
  if (std::any_of(known_.begin(), known_.end(), [&key](const Known& known) { return is_same(known.process, key); })) return;
  make_room();
  known_.push_back({key, owner});
  if (found.problem.empty()) bpf_map_update_elem(map_.number(), &key, &found.layout, BPF_ANY);
}

bool JavaProcesses::is_known(const spanloom_java_process& process) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.rbegin(), known_.rend(), [&process](const Known& known) { return is_same(known.process, process); });
}

void JavaProcesses::forget(std::deque<Known>::iterator known) {
  bpf_map_delete_elem(map_.number(), &known->process);
  known_.erase(known);
}

// Of those that run, the user that has the most loses its oldest.
void JavaProcesses::make_room() {
  for (size_t count = 0; count < kTended && !known_.empty(); count++) {
    const Known oldest = known_.front();
    const std::optional<spanloom_process> running = running_program(iterator_, oldest.process.process_id);
    const bool runs = running.has_value() && is_same(key_of(*running), oldest.process);
    if (!runs) {
      forget(known_.begin());
      continue;
    }
    // Behind those that were not looked at for longer.
    known_.pop_front();
    known_.push_back(oldest);
  }
  if (known_.size() < SPANLOOM_MAX_JAVA_PROCESSES) return;
  std::unordered_map<uint32_t, size_t> processes_of;
  for (const Known& known : known_) processes_of[known.owner]++;
  const auto most = std::max_element(processes_of.begin(), processes_of.end(),
                                     [](const auto& left, const auto& right) { return left.second < right.second; });
  forget(std::find_if(known_.begin(), known_.end(), [&most](const Known& known) { return known.owner == most->first; }));
}

}  // namespace spanloom
