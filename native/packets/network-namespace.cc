// SPDX-License-Identifier: Apache-2.0
#include "network-namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <unordered_set>

namespace spanloom::packets {
namespace {

constexpr size_t kMaxNamespaces = 1024;
constexpr const char* kNamedFolder = "/run/netns";

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char each) { return std::isdigit(each) != 0; });
}

std::string path_of(const std::string& name) {
  if (is_number(name)) return "/proc/" + name + "/ns/net";
  return name.find('/') == std::string::npos ? std::string(kNamedFolder) + "/" + name : name;
}

// This process, or all of them, have no room: what could not be opened may be there.
bool is_out_of_room() { return errno == EMFILE || errno == ENFILE || errno == ENOMEM; }

// Adds the names in a folder, none where there is no such folder. False: it could not be read.
bool add_names(const char* folder, std::vector<std::string>& names) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder), closedir);
  if (open == nullptr) return !is_out_of_room();
  while (const dirent* entry = readdir(open.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return true;
}

}  // namespace

NetworkNamespace::NetworkNamespace(Descriptor descriptor) : descriptor_(std::move(descriptor)) {
  struct stat facts{};
  if (descriptor_.is_open() && fstat(descriptor_.number(), &facts) == 0) inode_ = static_cast<uint32_t>(facts.st_ino);
}

NetworkNamespace NetworkNamespace::own() { return NetworkNamespace(Descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC))); }

NetworkNamespace NetworkNamespace::open(const std::string& name) {
  return NetworkNamespace(Descriptor(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC)));
}

bool NetworkNamespace::exists(const std::string& name) {
  struct stat facts{};
  return stat(path_of(name).c_str(), &facts) == 0 || (errno != ENOENT && errno != ENOTDIR && errno != ESRCH);
}

std::optional<std::vector<NetworkNamespace>> NetworkNamespace::all() {
  std::vector<std::string> names;
  std::vector<std::string> processes;
  if (!add_names(kNamedFolder, names) || !add_names("/proc", processes)) return std::nullopt;
  for (std::string& name : processes)
    if (is_number(name)) names.push_back(std::move(name));
  std::vector<NetworkNamespace> found;
  std::unordered_set<uint32_t> inodes;
  for (const std::string& name : names) {
    // Most processes are in the namespace of others: what they are in is known without opening it.
    struct stat facts{};
    if (stat(path_of(name).c_str(), &facts) != 0 || !inodes.insert(static_cast<uint32_t>(facts.st_ino)).second) continue;
    NetworkNamespace each = open(name);
    if (!each.is_open() && is_out_of_room()) return std::nullopt;
    if (each.is_open() && found.size() < kMaxNamespaces) found.push_back(std::move(each));
  }
  return found;
}

bool NetworkNamespace::enter() const { return setns(descriptor_.number(), CLONE_NEWNET) == 0; }

// The thread has come from there, so the way back is not refused; a thread that is elsewhere must do nothing else.
void NetworkNamespace::enter_or_abort() const {
  if (!enter()) abort();
}

}  // namespace spanloom::packets
