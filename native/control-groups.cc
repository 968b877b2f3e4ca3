// SPDX-License-Identifier: Apache-2.0
#include "control-groups.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

namespace spanloom {
namespace {

// Where systems mount them. In a container the mount shows the container's own part only, so that of process 1, which is
// the machine's where the collector sees all processes, comes first.
constexpr const char* kMounts[] = {"/proc/1/root/sys/fs/cgroup", "/proc/1/root/sys/fs/cgroup/unified",
                                   "/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

}  // namespace

Descriptor open_control_group(const std::string& path) {
  const std::string below = "." + (path.starts_with("/") ? path : "/" + path);
  for (const char* mount : kMounts) {
    const Descriptor root(open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct statfs status {};
    if (!root.is_open() || fstatfs(root.number(), &status) != 0 || status.f_type != CGROUP2_SUPER_MAGIC) continue;
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    Descriptor group(static_cast<int>(syscall(SYS_openat2, root.number(), below.c_str(), &how, sizeof(how))));
    if (group.is_open()) return group;
  }
  return Descriptor();
}

}  // namespace spanloom
