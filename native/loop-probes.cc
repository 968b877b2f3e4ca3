// SPDX-License-Identifier: Apache-2.0
#include "loop-probes.h"

#include <sys/stat.h>

#include "diagnose.h"

namespace spanloom {
namespace {

// libuv runs these once per turn of the loop, after polling: first check (setImmediate), then closing callbacks, then
// timers. What idle and prepare run comes after timers and before polling, without a read in between.
constexpr const char* kLoopFunctions[] = {"uv__run_check", "uv__run_timers"};

}  // namespace

int LoopProbes::attach(const bpf_program* program, const std::string& path, std::string& error) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    error = "The binary " + path + " cannot be looked at: check the path, and run with CAP_SYS_PTRACE for /proc/PID/root.";
    return -1;
  }
  for (const Attached& before : attached_)
    if (before.device == file.st_dev && before.inode == file.st_ino) return static_cast<int>(before.links.size());

  Attached now{file.st_dev, file.st_ino, {}};
  for (const char* function : kLoopFunctions) {
    LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = function);
    bpf_link* link = bpf_program__attach_uprobe_opts(program, -1, path.c_str(), 0, &options);
    if (link != nullptr) {
      now.links.push_back(link);
    } else if (errno != ENOENT && errno < __LIBBPF_ERRNO__START) {
      // ENOENT: no such symbol. libbpf's own errors: not an ELF file.
      error = explain_failure("Attaching a probe to " + path, -errno);
      for (bpf_link* attached : now.links) bpf_link__destroy(attached);
      return -1;
    }
    take_library_message();
  }
  attached_.push_back(now);
  return static_cast<int>(now.links.size());
}

void LoopProbes::detach() {
  for (const Attached& file : attached_)
    for (bpf_link* link : file.links) bpf_link__destroy(link);
  attached_.clear();
}

}  // namespace spanloom
