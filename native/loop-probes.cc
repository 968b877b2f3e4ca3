// SPDX-License-Identifier: Apache-2.0
#include "loop-probes.h"

#include <sys/stat.h>

#include "diagnose.h"

namespace spanloom {
namespace {

// Of libuv, the first of these that a file has. After polling a loop runs its check callbacks (setImmediate), then
// closing callbacks, timers, idle and prepare callbacks, and polls again: clearing before check covers them all,
// since none of them reads a socket. A probe costs the program a few microseconds each turn of its loop, so one has
// to do.
constexpr const char* kLoopFunctions[] = {"uv__run_check", "uv__run_timers"};

// Containers come and go, each with its own copy of a file: the oldest are let go.
constexpr size_t kMaxFiles = 1024;

}  // namespace

int LoopProbes::attach(const bpf_program* program, const std::string& path, std::string& error) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    error = path + " cannot be looked at: check the path, and run with CAP_SYS_PTRACE for /proc/PID/root.";
    return -1;
  }
  for (const Attached& before : attached_)
    if (before.device == file.st_dev && before.inode == file.st_ino) return before.link == nullptr ? 0 : 1;

  Attached now{file.st_dev, file.st_ino, nullptr};
  for (const char* function : kLoopFunctions) {
    LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = function);
    now.link = bpf_program__attach_uprobe_opts(program, -1, path.c_str(), 0, &options);
    if (now.link != nullptr) break;
    // ENOENT: no such symbol. libbpf's own errors: not an ELF file.
    if (errno != ENOENT && errno < __LIBBPF_ERRNO__START) {
      const int reason = errno;
      error = reason == EACCES || reason == EPERM ? kNoLoopProbes
                                                  : explain_failure("Attaching a probe to " + path, -reason);
      take_library_message();
      return -1;
    }
    take_library_message();
  }
  if (attached_.size() >= kMaxFiles) {
    if (attached_.front().link != nullptr) bpf_link__destroy(attached_.front().link);
    attached_.pop_front();
  }
  attached_.push_back(now);
  return now.link == nullptr ? 0 : 1;
}

void LoopProbes::detach() {
  for (const Attached& file : attached_)
    if (file.link != nullptr) bpf_link__destroy(file.link);
  attached_.clear();
}

}  // namespace spanloom
