// SPDX-License-Identifier: Apache-2.0
#include "file-probe.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "diagnose.h"
#include "process-files.h"

namespace spanloom {
namespace {

// The number that perf_event_open() knows uprobes by; -1 where the kernel has none.
int uprobe_type() {
  const std::string text = read_bounded("/sys/bus/event_source/devices/uprobe/type", 32);
  return text.empty() ? -1 : atoi(text.c_str());
}

// The bit of perf_event_attr.config that asks for the return of a function: "config:0".
uint64_t return_bit() {
  const std::string text = read_bounded("/sys/bus/event_source/devices/uprobe/format/retprobe", 32);
  return text.starts_with("config:") ? uint64_t{1} << (atoi(text.c_str() + 7) & 63) : 1;
}

}  // namespace

Descriptor attach_probe(const Descriptor& program, const Descriptor& file, uint64_t offset, ProbeMoment moment,
                        std::string& error) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.number());
  const int type = uprobe_type();
  if (type < 0) {
    error = kNoUprobes;
    return Descriptor();
  }
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = static_cast<uint32_t>(type);
  if (moment == ProbeMoment::kReturn) attributes.config = return_bit();
  attributes.config1 = reinterpret_cast<uintptr_t>(path.c_str());
  attributes.config2 = offset;
  // Of any process, on any processor: the number of one is asked for and not used.
  Descriptor event(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (event.is_open() && ioctl(event.number(), PERF_EVENT_IOC_SET_BPF, program.number()) == 0 &&
      ioctl(event.number(), PERF_EVENT_IOC_ENABLE, 0) == 0)
    return event;
  error = errno == EACCES || errno == EPERM ? std::string(kNoProbes)
                                            : std::string("The kernel refuses a probe: ") + strerror(errno) + ".";
  return Descriptor();
}

}  // namespace spanloom
