// SPDX-License-Identifier: Apache-2.0
#include "runtimes/python-inspection.h"

#include <fcntl.h>

#include <cstdlib>

#include "runtimes/python-process.h"

namespace spanloom {
namespace {

constexpr size_t kMaxMapsBytes = 4 * 1024 * 1024;

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// Finds CPython in the library that the executable needs; gives how far its addresses are from those in its file.
std::optional<uint64_t> inspect_library(uint32_t process_id, const std::string& name, PythonInspection& inspection) {
  const std::string maps = read_bounded("/proc/" + std::to_string(process_id) + "/maps", kMaxMapsBytes);
  inspection.bytes_read += maps.size();
  // The name that is needed is a link to one that may be longer.
  const auto is_wanted = [&name](std::string_view path) { return name_of(path).starts_with(name); };
  uint64_t left_out = 0;
  const std::vector<MappedFile> libraries = mapped_files(maps, is_wanted, 1, left_out);
  if (libraries.empty()) {
    inspection.is_too_early = true;
    return std::nullopt;
  }
  std::string problem;
  const std::optional<FoundFile> found = find_mapped_file(process_id, libraries[0], problem);
  if (!found.has_value()) {
    inspection.problem = problem;
    return std::nullopt;
  }
  Descriptor file = open_found_file(*found);
  PythonSearch search;
  if (file.is_open()) search = find_python(FileBytes(file));
  inspection.bytes_read += search.bytes_read;
  if (!search.program.has_value()) return std::nullopt;
  inspection.found = PythonFile{found->identity, std::move(file), std::move(*search.program)};
  return strtoull(libraries[0].range.c_str(), nullptr, 16) - search.first_address;
}

spanloom_python layout_of(const PythonOffsets& offsets, uint32_t distance) {
  spanloom_python python{};
  python.state_distance = distance;
  python.state_owner = offsets.state_owner;
  python.state_context = offsets.state_context;
  python.state_stack = offsets.state_stack;
  python.state_id = offsets.state_id;
  python.context_previous = offsets.context_previous;
  python.context_entered = offsets.context_entered;
  python.begins_threads = offsets.begins_threads;
  return python;
}

}  // namespace

PythonInspection inspect_python(uint32_t process_id, const FoundFile& executable, Descriptor file) {
  PythonInspection inspection;
  PythonSearch search = find_python(FileBytes(file));
  inspection.bytes_read = search.bytes_read;
  std::optional<uint64_t> bias;
  if (search.program.has_value()) {
    bias = executable_bias(process_id, search);
    inspection.found = PythonFile{executable.identity, std::move(file), std::move(*search.program)};
  } else if (!search.library.empty()) {
    bias = inspect_library(process_id, search.library, inspection);
  }
  if (!inspection.found.has_value()) return inspection;
  const PythonProgram& program = inspection.found->program;
  inspection.runtime.kind = SPANLOOM_PYTHON_CONTEXT;
  inspection.problem = program.problem;
  if (search.is_musl) inspection.problem = "It was built with musl, whose threads are not known.";
#if !defined(__x86_64__)
  inspection.problem = "Where its threads keep their state is known on x86_64 only.";
#endif
  if (!inspection.problem.empty()) return inspection;
  const Descriptor memory(open(("/proc/" + std::to_string(process_id) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  std::optional<uint32_t> distance;
  if (bias.has_value() && memory.is_open())
    distance = find_state_distance(FileBytes(memory), *bias + program.runtime, *program.offsets);
  if (!distance.has_value()) {
    inspection.problem = memory.is_open() ? "Where its threads keep their state cannot be told."
                                          : "Its memory cannot be read, which takes CAP_SYS_PTRACE.";
    inspection.is_too_early = true;
    return inspection;
  }
  inspection.runtime.python = layout_of(*program.offsets, *distance);
  inspection.runtime.is_readable = 1;
  return inspection;
}

}  // namespace spanloom
