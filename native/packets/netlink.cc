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

std::optional<uint32_t> Netlink::ask(uint16_t type, uint16_t flags, const void* body, size_t size) {
  if (!is_open()) return std::nullopt;
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
  if (send(descriptor(), message.data(), header.nlmsg_len, 0) != static_cast<ssize_t>(header.nlmsg_len)) return std::nullopt;
  return sequence_;
}

std::span<const uint8_t> Netlink::receive() {
  buffer_.resize(kBufferBytes);
  // With MSG_TRUNC the size is that of the datagram, of which the buffer may hold the beginning.
  ssize_t size;
  do size = recv(descriptor(), buffer_.data(), buffer_.size(), MSG_TRUNC);
  while (size < 0 && errno == EINTR);
  if (size <= 0 || static_cast<size_t>(size) > buffer_.size()) return {};
  return {buffer_.data(), static_cast<size_t>(size)};
}

std::optional<int32_t> Netlink::id_of_namespace(int other) {
  struct {
    rtgenmsg family{};
    uint8_t padding[3]{};
    rtattr header{};
    int32_t descriptor = 0;
  } question;
  question.header.rta_type = NETNSA_FD;
  question.header.rta_len = RTA_LENGTH(sizeof(int32_t));
  question.descriptor = other;
  const std::optional<uint32_t> sequence = ask(RTM_GETNSID, 0, &question, sizeof(question));
  if (!sequence.has_value()) return std::nullopt;
  std::optional<uint32_t> id;
  read_answer(receive(), *sequence, [&id](uint16_t type, std::span<const uint8_t> body) {
    constexpr size_t kFixed = NLMSG_ALIGN(sizeof(rtgenmsg));
    if (type == RTM_NEWNSID && body.size() >= kFixed) id = NetlinkAttributes(body.subspan(kFixed)).number(NETNSA_NSID);
  });
  return id.has_value() ? std::optional(static_cast<int32_t>(*id)) : std::nullopt;
}

}  // namespace spanloom::packets
