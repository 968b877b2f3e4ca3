// SPDX-License-Identifier: Apache-2.0
#include "runtimes/running-program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace spanloom {
namespace {

// Of one process where the kernel can (since 6.1), else of all.
Descriptor attach(const Descriptor& iterator, uint32_t process_id) {
  bpf_iter_link_info of_process{};
  of_process.task.pid = process_id;
  LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &of_process, .iter_info_len = sizeof(of_process));
  Descriptor link(bpf_link_create(iterator.number(), 0, BPF_TRACE_ITER, &options));
  if (link.is_open() || errno == ESRCH) return link;
  return Descriptor(bpf_link_create(iterator.number(), 0, BPF_TRACE_ITER, nullptr));
}

}  // namespace

std::optional<spanloom_process> running_program(const Descriptor& iterator, uint32_t process_id) {
  const Descriptor link = attach(iterator, process_id);
  if (!link.is_open()) return std::nullopt;
  const Descriptor output(bpf_iter_create(link.number()));
  if (!output.is_open()) return std::nullopt;
  std::array<spanloom_process, 64> processes;
  size_t bytes = 0;
  for (;;) {
    const ssize_t got = read(output.number(), reinterpret_cast<uint8_t*>(processes.data()) + bytes, sizeof(processes) - bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return std::nullopt;
    bytes += static_cast<size_t>(got);
    const size_t whole = bytes / sizeof(spanloom_process);
    for (size_t index = 0; index < whole; index++)
      if (processes[index].process_id == process_id) return processes[index];
    // A record is written whole, and may be read in two parts.
    const size_t rest = bytes % sizeof(spanloom_process);
    if (rest > 0) memmove(processes.data(), processes.data() + whole, rest);
    bytes = rest;
  }
}

}  // namespace spanloom
