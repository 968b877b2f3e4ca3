// SPDX-License-Identifier: Apache-2.0
#include "loop-probes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "file-probe.h"

namespace spanloom {
namespace {

// Of libuv, the first of these that a file has. After polling a loop runs its check callbacks (setImmediate), then
// closing callbacks, timers, idle and prepare callbacks, and polls again: clearing before check covers them all,
// since none of them reads a socket. A probe costs the program a few microseconds each turn of its loop, so one has
// to do.
constexpr std::array<std::string_view, 2> kLoopFunctions = {"uv__run_check", "uv__run_timers"};

constexpr size_t kMaxLibrariesOfProcess = 16;
constexpr size_t kMaxMapsBytes = 4 * 1024 * 1024;

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
  return files_.has_probe(found->identity);
}

// True when the file had not been seen before.
bool LoopProbes::try_file(const FoundFile& found, const std::string& path, uint32_t owner, LoopInspection& into) {
  if (files_.is_known(found.identity)) return false;
  if (!budget_.has(owner)) {
    into.left_out++;
    return false;
  }
  const Descriptor file = open_found_file(found);
  if (!file.is_open()) {
    into.files.push_back({path, 0, path + " cannot be opened: " + strerror(errno) + "."});
    budget_.spend(owner, 0);
    files_.remember(found.identity, owner, Descriptor());
    return true;
  }
  const FunctionSearch search = find_function(FileBytes(file), kLoopFunctions);
  budget_.spend(owner, search.bytes_read);
  LoopInspection::File outcome{path, 0, ""};
  Descriptor event;
  if (search.file_offset.has_value()) {
    event = attach_probe(program_, file, *search.file_offset, ProbeMoment::kEntry, outcome.error);
    outcome.probes = event.is_open() ? 1 : 0;
    into.files.push_back(outcome);
  }
  files_.remember(found.identity, owner, std::move(event));
  return true;
}

}  // namespace spanloom
