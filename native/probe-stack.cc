// SPDX-License-Identifier: Apache-2.0
#include "probe-stack.h"

#include <cstdlib>
#include <string_view>

namespace spanloom {
namespace {

constexpr size_t kLogBytes = 16 * 1024;
// BPF_LOG_STATS: the verifier writes "stack depth 40+16", a number for each function.
constexpr uint32_t kLogStatistics = 4;
constexpr std::string_view kDepths = "stack depth ";
// The kernel rounds up to a multiple of 16 before it compares with 64.
constexpr unsigned long kMaxBytes = 48;

}  // namespace

ProbeStack::ProbeStack(bpf_program* program) : name_(bpf_program__name(program)), log_(new char[kLogBytes]()) {
  bpf_program__set_log_level(program, kLogStatistics);
  bpf_program__set_log_buf(program, log_.get(), kLogBytes);
}

std::string ProbeStack::problem() const {
  const std::string_view log(log_.get());
  const size_t found = log.rfind(kDepths);
  if (found == std::string_view::npos) return "The kernel does not tell how much stack the program " + name_ + " uses.";
  const char* at = log.data() + found + kDepths.size();
  for (;;) {
    char* end = nullptr;
    const unsigned long bytes = strtoul(at, &end, 10);
    if (end == at || bytes > kMaxBytes)
      return "The program " + name_ + " uses more stack than is safe in a probe; run `npm run build:bpf` with another clang.";
    if (*end != '+') return "";
    at = end + 1;
  }
}

}  // namespace spanloom
