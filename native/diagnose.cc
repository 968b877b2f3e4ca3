// SPDX-License-Identifier: Apache-2.0
#include "diagnose.h"

#include <bpf/libbpf.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace spanloom {
namespace {

constexpr int kCapSysPtrace = 19;
constexpr int kCapSysAdmin = 21;
constexpr int kCapPerfmon = 38;
constexpr int kCapBpf = 39;

thread_local std::string messages;

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char text[1024];
  vsnprintf(text, sizeof(text), format, arguments);
  // Long verifier logs come in one piece; their end holds the reason.
  messages += text;
  if (messages.size() > 65536) messages.erase(0, messages.size() - 65536);
  return 0;
}

uint64_t effective_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:")) return strtoull(line.c_str() + 7, nullptr, 16);
  return 0;
}

}  // namespace

void collect_library_messages() { libbpf_set_print(keep_message); }

const char* const kNoProbes =
    "CAP_SYS_ADMIN is missing: without it Linux 6.16 and later allow no probes on event loops and CPython: calls from "
    "timers may get a wrong cause, and what created a context of Python is unknown; run as root or grant it.";

const char* const kNoUprobes =
    "The kernel has no uprobes (/sys/bus/event_source/devices/uprobe): calls from timers of event loops may get a wrong "
    "cause, and what created a context of Python is unknown; run a kernel built with CONFIG_UPROBE_EVENTS=y.";

std::string take_library_message() {
  std::string last;
  size_t begin = 0;
  while (begin < messages.size()) {
    size_t end = messages.find('\n', begin);
    if (end == std::string::npos) end = messages.size();
    std::string line = messages.substr(begin, end - begin);
    // Those two only repeat that it failed.
    if (!line.empty() && line.find("failed to load") == std::string::npos &&
        line.find("END PROG LOAD LOG") == std::string::npos && line.find("processed ") != 0)
      last = std::move(line);
    begin = end + 1;
  }
  messages.clear();
  return last;
}

std::vector<std::string> missing_requirements() {
  std::vector<std::string> missing;
  const uint64_t capabilities = effective_capabilities();
  const auto has = [capabilities](int capability) { return (capabilities >> capability & 1) != 0; };

  if (!has(kCapBpf) && !has(kCapSysAdmin))
    missing.push_back("CAP_BPF is missing: run as root, or grant it (setpriv, systemd AmbientCapabilities=CAP_BPF, "
                      "docker --cap-add BPF).");
  if (!has(kCapPerfmon) && !has(kCapSysAdmin))
    missing.push_back("CAP_PERFMON is missing: run as root, or grant it (setpriv, systemd "
                      "AmbientCapabilities=CAP_PERFMON, docker --cap-add PERFMON).");
  if (!has(kCapSysPtrace))
    missing.push_back("CAP_SYS_PTRACE is missing: without it processes of other users have the kernel's name instead of "
                      "their service, and no probes on event loops; run as root or grant it.");
  if (!has(kCapSysAdmin)) missing.push_back(kNoProbes);
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
    missing.push_back("The kernel's type information is missing (/sys/kernel/btf/vmlinux): run a kernel built with "
                      "CONFIG_DEBUG_INFO_BTF=y, and make /sys visible in the container.");
  if (access("/sys/bus/event_source/devices/uprobe/type", R_OK) != 0)
    missing.push_back(kNoUprobes);
  return missing;
}

std::string explain_failure(const std::string& attempt, int error) {
  const std::string message = take_library_message();
  if (error == -EPERM || error == -EACCES || error == -ENOENT) {
    const std::vector<std::string> missing = missing_requirements();
    if (!missing.empty()) {
      std::string sentences;
      for (const std::string& sentence : missing) sentences += (sentences.empty() ? "" : " ") + sentence;
      return sentences;
    }
  }
  std::string sentence = attempt + " failed: " + strerror(error < 0 ? -error : error);
  if (!message.empty()) sentence += " (" + message + ")";
  return sentence + "; `spanloom check` tells what this kernel allows.";
}

}  // namespace spanloom
