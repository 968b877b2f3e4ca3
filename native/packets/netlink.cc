// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <linux/net_namespace.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

namespace spanloom::packets {
namespace {

// What the kernel sends at once, at most.
constexpr size_t kBufferBytes = 64 * 1024;
// The kernel answers at once; a thread must not hang all the same.
constexpr timeval kTimeout{1, 0};

}  // namespace

std::span<const uint8_t> NetlinkAttributes::find(uint16_t type) const {
  for (size_t at = 0; bytes_.size() - at >= sizeof(rtattr);) {
    rtattr header;
    std::memcpy(&header, bytes_.data() + at, sizeof(header));
    if (header.rta_len < sizeof(header) || header.rta_len > bytes_.size() - at) break;
    if ((header.rta_type & NLA_TYPE_MASK) == type)
      return bytes_.subspan(at + sizeof(header), header.rta_len - sizeof(header));
    at += RTA_ALIGN(header.rta_len);
    if (at > bytes_.size()) break;
  }
  return {};
}

std::optional<uint32_t> NetlinkAttributes::number(uint16_t type) const {
  const std::span<const uint8_t> bytes = find(type);
  if (bytes.size() < sizeof(uint32_t)) return std::nullopt;
  uint32_t value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

Netlink::Netlink(uint32_t groups) : socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  if (!socket_.is_open()) return;
  setsockopt(descriptor(), SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof(kTimeout));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) socket_ = Descriptor();
}

// More than the socket has room for is an error, which says that something has changed as well.
bool Netlink::drain() {
  buffer_.resize(kBufferBytes);
  bool has_changed = false;
  for (;;) {
    if (recv(descriptor(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0 || errno == ENOBUFS) has_changed = true;
    else return has_changed;
    errno = 0;
  }
}

bool Netlink::ask(uint16_t type, uint16_t flags, const void* body, size_t size) {
  if (!is_open()) return false;
  // What is left of an answer that was given up.
  drain();
  std::vector<uint8_t> message(NLMSG_SPACE(size));
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(size));
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++sequence_;
  std::memcpy(message.data(), &header, sizeof(header));
  std::memcpy(message.data() + NLMSG_HDRLEN, body, size);
  return send(descriptor(), message.data(), header.nlmsg_len, 0) == static_cast<ssize_t>(header.nlmsg_len);
}

std::span<const uint8_t> Netlink::receive() {
  buffer_.resize(kBufferBytes);
  const ssize_t size = recv(descriptor(), buffer_.data(), buffer_.size(), 0);
  return size <= 0 ? std::span<const uint8_t>{} : std::span<const uint8_t>(buffer_.data(), static_cast<size_t>(size));
}

std::optional<uint32_t> Netlink::id_of_namespace(int other) {
  struct {
    rtgenmsg family{};
    uint8_t padding[3]{};
    rtattr header{};
    int32_t descriptor = 0;
  } question;
  question.header.rta_type = NETNSA_FD;
  question.header.rta_len = RTA_LENGTH(sizeof(int32_t));
  question.descriptor = other;
  if (!ask(RTM_GETNSID, 0, &question, sizeof(question))) return std::nullopt;
  const std::span<const uint8_t> answer = receive();
  constexpr size_t kFixed = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtgenmsg));
  nlmsghdr header;
  if (answer.size() < kFixed) return std::nullopt;
  std::memcpy(&header, answer.data(), sizeof(header));
  if (header.nlmsg_type != RTM_NEWNSID) return std::nullopt;
  const std::optional<uint32_t> id = NetlinkAttributes(answer.subspan(kFixed)).number(NETNSA_NSID);
  return id == std::optional<uint32_t>(UINT32_MAX) ? std::nullopt : id;
}

}  // namespace spanloom::packets
