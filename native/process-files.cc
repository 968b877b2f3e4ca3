// SPDX-License-Identifier: Apache-2.0
#include "process-files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cinttypes>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace spanloom {
namespace {

// Looks at what a descriptor that was opened with O_PATH stands for.
std::optional<FoundFile> examine(Descriptor path_only, const std::string& path, std::string& problem) {
  struct stat status {};
  if (!path_only.is_open() || fstat(path_only.number(), &status) != 0) {
    problem = path + " cannot be looked at: " + strerror(errno) +
              ". Programs of other users and in containers take CAP_SYS_PTRACE.";
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    problem = path + " is no regular file.";
    return std::nullopt;
  }
  FoundFile found;
  found.path_only = std::move(path_only);
  found.identity.device = status.st_dev;
  found.identity.inode = status.st_ino;
  found.identity.size = static_cast<uint64_t>(status.st_size);
  found.identity.modified_ns =
      static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_mtim.tv_nsec);
  return found;
}

Descriptor open_in_root(uint32_t process_id, const std::string& path) {
  // This link alone is followed on purpose: it is the root of the process, which nothing else can name.
  const std::string root_path = "/proc/" + std::to_string(process_id) + "/root";
  const Descriptor root(open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) return Descriptor();
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return Descriptor(static_cast<int>(syscall(SYS_openat2, root.number(), path.c_str(), &how, sizeof(how))));
}

bool starts_with_at(std::string_view text, size_t at, std::string_view prefix) {
  return text.substr(std::min(at, text.size())).starts_with(prefix);
}

// /libuv.so, /libuv-1.so.1.0.0
bool is_libuv(std::string_view name) {
  if (!name.starts_with("libuv")) return false;
  size_t at = 5;
  while (at < name.size() && (name[at] == '-' || (name[at] >= '0' && name[at] <= '9'))) at++;
  return starts_with_at(name, at, ".so");
}

// The compiled part of uvloop brings a libuv of its own: uvloop/loop.cpython-311-x86_64-linux-gnu.so
bool is_uvloop(std::string_view folder, std::string_view name) {
  return folder.ends_with("/uvloop") && name.starts_with("loop.") && name.ends_with(".so");
}

bool is_loop_library(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return false;
  return is_libuv(path.substr(slash + 1)) || is_uvloop(path.substr(0, slash), path.substr(slash + 1));
}

// proc(5): address range, permissions, offset, device, inode, path. The kernel escapes line breaks in the path.
std::optional<MappedFile> parse_mapping(const std::string& line) {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t offset = 0;
  unsigned int major_number = 0;
  unsigned int minor_number = 0;
  uint64_t inode = 0;
  int path_at = 0;
  const int fields = sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %x:%x %" SCNu64 " %n", &begin, &end,
                            &offset, &major_number, &minor_number, &inode, &path_at);
  // Without an inode it is no file: an anonymous mapping may have been given any name.
  if (fields != 6 || inode == 0 || path_at <= 0 || line[static_cast<size_t>(path_at)] != '/') return std::nullopt;
  MappedFile mapped;
  mapped.range = line.substr(0, line.find(' '));
  mapped.device = makedev(major_number, minor_number);
  mapped.inode = inode;
  mapped.begin = begin;
  mapped.offset = offset;
  mapped.path = line.substr(static_cast<size_t>(path_at));
  constexpr std::string_view kDeleted = " (deleted)";
  if (mapped.path.ends_with(kDeleted)) mapped.path.resize(mapped.path.size() - kDeleted.size());
  return mapped;
}

// The line that begins at `begin`, which moves behind it. What the bound on reading cut off is no line.
std::optional<std::string> next_line(const std::string& maps, size_t& begin) {
  const size_t end = maps.find('\n', std::min(begin, maps.size()));
  if (end == std::string::npos) return std::nullopt;
  std::string line = maps.substr(begin, end - begin);
  begin = end + 1;
  return line;
}

}  // namespace

std::optional<FoundFile> find_file(const std::string& path, std::string& problem) {
  return examine(Descriptor(open(path.c_str(), O_PATH | O_CLOEXEC)), path, problem);
}

std::optional<FoundFile> find_mapped_file(uint32_t process_id, const MappedFile& mapped, std::string& problem,
                                          bool allow_map_files) {
  const std::string link = "/proc/" + std::to_string(process_id) + "/map_files/" + mapped.range;
  if (allow_map_files) {
    Descriptor direct(open(link.c_str(), O_PATH | O_CLOEXEC));
    if (direct.is_open() || (errno != EPERM && errno != EACCES)) return examine(std::move(direct), mapped.path, problem);
  }
  std::optional<FoundFile> found = examine(open_in_root(process_id, mapped.path), mapped.path, problem);
  if (found.has_value() && (found->identity.device != mapped.device || found->identity.inode != mapped.inode)) {
    problem = mapped.path + " is another file than the one that is mapped.";
    return std::nullopt;
  }
  return found;
}

Descriptor open_found_file(const FoundFile& file) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.path_only.number());
  // A lease that another process holds on the file makes an opening wait, unless it must not.
  return Descriptor(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

std::optional<MappedFile> java_library(const std::string& maps) {
  constexpr std::string_view kName = "/libjvm.so";
  size_t begin = 0;
  for (std::optional<std::string> line; (line = next_line(maps, begin)).has_value();) {
    if (line->find(kName) == std::string::npos) continue;
    std::optional<MappedFile> mapped = parse_mapping(*line);
    if (mapped.has_value() && mapped->path.ends_with(kName)) return mapped;
  }
  return std::nullopt;
}

std::vector<MappedFile> loop_libraries(const std::string& maps, size_t limit, uint64_t& left_out) {
  return mapped_files(maps, is_loop_library, limit, left_out);
}

std::vector<MappedFile> mapped_files(const std::string& maps, const std::function<bool(std::string_view path)>& is_wanted,
                                     size_t limit, uint64_t& left_out) {
  std::vector<MappedFile> files;
  size_t begin = 0;
  for (std::optional<std::string> line; (line = next_line(maps, begin)).has_value();) {
    std::optional<MappedFile> mapped = parse_mapping(*line);
    if (!mapped.has_value() || !is_wanted(mapped->path)) continue;
    bool is_known = false;
    for (const MappedFile& other : files)
      is_known = is_known || (other.device == mapped->device && other.inode == mapped->inode);
    if (is_known) continue;
    if (files.size() < limit) files.push_back(std::move(*mapped));
    else left_out++;
  }
  return files;
}

std::string read_bounded(const std::string& path, size_t max_bytes) {
  std::string text;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return text;
  constexpr size_t kStep = 64 * 1024;
  while (text.size() < max_bytes) {
    const size_t before = text.size();
    const size_t wanted = std::min(kStep, max_bytes - before);
    text.resize(before + wanted);
    const ssize_t got = ::read(file.number(), text.data() + before, wanted);
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
  }
  return text;
}

size_t FileBytes::read(uint64_t offset, std::span<uint8_t> into) const {
  size_t done = 0;
  while (done < into.size()) {
    uint64_t at = 0;
    if (__builtin_add_overflow(offset, done, &at) || at > static_cast<uint64_t>(LLONG_MAX)) break;
    const ssize_t got = pread(file_.number(), into.data() + done, into.size() - done, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

}  // namespace spanloom
