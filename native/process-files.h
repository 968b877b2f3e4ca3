// SPDX-License-Identifier: Apache-2.0
//
// Files of other processes. A process decides what lies under every path that it can write, and may put a FIFO, a device
// or a symbolic link there at any moment. So a file is reached by what the kernel has of it, not by its path:
// /proc/PID/exe and /proc/PID/map_files are links to the very files that run or are mapped. Only where the second is not
// allowed (it takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE) the path is walked, inside the root of the process, and what
// is there must have the device and the inode that are mapped. What a file is is looked at before it is opened (O_PATH);
// only regular files are opened, and never so that the opening waits.
//
// Reading a file, or the memory of a process, may still take for ever, where a FUSE or network file system does not
// answer: none of this may run on a thread that others wait for (inspection-pool.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.h"
#include "elf-reader.h"

namespace spanloom {

// Tells files apart, and whether one has been rewritten since.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  uint64_t modified_ns = 0;

  bool is_same_file(const FileIdentity& other) const { return device == other.device && inode == other.inode; }
  bool operator==(const FileIdentity&) const = default;
};

// A regular file that has been found and not been opened yet.
struct FoundFile {
  Descriptor path_only;
  FileIdentity identity;
};

// What a process has mapped, as a line of /proc/PID/maps tells.
struct MappedFile {
  // The first two fields: name of the link in map_files.
  std::string range;
  // Of the file system and the file as the kernel has them; stat() may tell others (overlayfs, btrfs).
  uint64_t device = 0;
  uint64_t inode = 0;
  // Address of the mapping, and the offset in the file of what is there.
  uint64_t begin = 0;
  uint64_t offset = 0;
  // For people: it may name nothing, or another file, by now.
  std::string path;
};

// The regular file at the end of a path of ours or of a link of procfs. Nothing and one sentence in `problem` otherwise.
std::optional<FoundFile> find_file(const std::string& path, std::string& problem);

// The regular file that a process has mapped. `allow_map_files` is false in tests of what holds without the right to.
std::optional<FoundFile> find_mapped_file(uint32_t process_id, const MappedFile& mapped, std::string& problem,
                                          bool allow_map_files = true);

// Opens for reading without waiting.
Descriptor open_found_file(const FoundFile& file);

// Mapped files of a process whose paths are wanted, out of the text of /proc/PID/maps; each once, where it is mapped first. At
// most `limit` of them: how many more there are is added to `left_out`.
std::vector<MappedFile> mapped_files(const std::string& maps, const std::function<bool(std::string_view path)>& is_wanted,
                                     size_t limit, uint64_t& left_out);

// Files called like a shared library of libuv, or like uvloop, in the text of /proc/PID/maps; each once. At most `limit`
// of them: how many more there are is added to `left_out`.
std::vector<MappedFile> loop_libraries(const std::string& maps, size_t limit, uint64_t& left_out);

// The first file called libjvm.so there: its mapping at the lowest address.
std::optional<MappedFile> java_library(const std::string& maps);

// Up to `max_bytes` of a file of procfs; empty where it is gone or forbidden.
std::string read_bounded(const std::string& path, size_t max_bytes);

// The bytes of an open file.
class FileBytes : public ByteSource {
 public:
  explicit FileBytes(const Descriptor& file) : file_(file) {}
  size_t read(uint64_t offset, std::span<uint8_t> into) const override;

 private:
  const Descriptor& file_;
};

}  // namespace spanloom
