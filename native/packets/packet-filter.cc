// SPDX-License-Identifier: Apache-2.0
#include "packet-filter.h"

#include <dlfcn.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <algorithm>

#include "byte-order.h"

namespace spanloom::packets {
namespace {

// What is used of libpcap, whose header is not needed to build.
struct Pcap {
  struct Program {
    unsigned int length;
    sock_filter* instructions;
  };
  void* (*open_dead)(int link_type, int snap_length);
  int (*compile)(void* handle, Program* program, const char* text, int optimize, uint32_t netmask);
  char* (*error_of)(void* handle);
  void (*free_code)(Program* program);
  void (*close)(void* handle);

  bool is_whole() const {
    return open_dead != nullptr && compile != nullptr && error_of != nullptr && free_code != nullptr && close != nullptr;
  }
};

Pcap load_pcap() {
  void* library = nullptr;
  for (const char* name : {"libpcap.so.0.8", "libpcap.so.1", "libpcap.so"})
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {};
  const auto find = [library]<typename Function>(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
  };
  Pcap pcap{};
  find("pcap_open_dead", pcap.open_dead);
  find("pcap_compile", pcap.compile);
  find("pcap_geterr", pcap.error_of);
  find("pcap_freecode", pcap.free_code);
  find("pcap_close", pcap.close);
  return pcap;
}

// Loaded once, and kept.
const Pcap& pcap() {
  static const Pcap loaded = load_pcap();
  return loaded;
}

constexpr uint32_t kUnknownNetmask = 0xffffffff;

// libpcap's own numbers: raw IP is another one in files.
int pcap_link_type(uint16_t link_type) { return link_type == 1 ? 1 : 12; }

std::vector<sock_filter> compile(const FilterOptions& options, uint16_t link_type, std::string& error) {
  std::vector<sock_filter> code;
  if (!pcap().is_whole()) {
    error = "The filter of packets needs libpcap, which is not installed (Debian: libpcap0.8): install it, or set no filter.";
    return code;
  }
  void* handle = pcap().open_dead(pcap_link_type(link_type), static_cast<int>(options.snap_length));
  Pcap::Program program{};
  if (pcap().compile(handle, &program, options.expression.c_str(), 1, kUnknownNetmask) == 0) {
    code.assign(program.instructions, program.instructions + program.length);
    pcap().free_code(&program);
  } else {
    error = "The filter of packets '" + options.expression + "' is not valid: " + pcap().error_of(handle) + ".";
  }
  pcap().close(handle);
  return code;
}

// Offsets from the IP header, wherever that is in the frame.
constexpr uint32_t kIp = static_cast<uint32_t>(SKF_NET_OFF);
constexpr uint32_t kFacts = static_cast<uint32_t>(SKF_AD_OFF);

// The part in front: what it does not reject goes on behind it.
class Prologue {
 public:
  explicit Prologue(const std::vector<ExcludedEnd>& ends) {
    // What leaves by a loopback interface comes in there as well.
    load(BPF_W, kFacts + SKF_AD_PKTTYPE);
    skip_unless(PACKET_OUTGOING, 3);
    load(BPF_W, kFacts + SKF_AD_HATYPE);
    skip_unless(kLoopbackHardware, 1);
    reject();
    if (!ends.empty()) {
      load(BPF_W, kFacts + SKF_AD_PROTOCOL);
      skip_unless(ETH_P_IP, 1);
      const size_t to_v4 = jump();
      skip_unless(ETH_P_IPV6, 1);
      const size_t to_v6 = jump();
      accept();
      land(to_v4);
      ipv4(ends);
      land(to_v6);
      ipv6(ends);
    }
    for (const size_t place : accepting_) land(place);
  }

  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  static constexpr uint16_t kLoopbackHardware = 772;
  static constexpr uint32_t kTcp = 6;

  void load(uint16_t size, uint32_t at) { code_.push_back(BPF_STMT(static_cast<uint16_t>(BPF_LD | size | BPF_ABS), at)); }
  void load_port(uint32_t at, bool is_v6) {
    const uint16_t mode = is_v6 ? BPF_ABS : BPF_IND;
    code_.push_back(BPF_STMT(static_cast<uint16_t>(BPF_LD | BPF_H | mode), kIp + at));
  }
  // Passes over the next instructions unless what is loaded is `value`.
  void skip_unless(uint32_t value, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
  }
  void reject() { code_.push_back(BPF_STMT(BPF_RET | BPF_K, 0)); }
  size_t jump() {
    code_.push_back(BPF_STMT(BPF_JMP | BPF_JA, 0));
    return code_.size() - 1;
  }
  void accept() { accepting_.push_back(jump()); }
  void land(size_t place) { code_[place].k = static_cast<uint32_t>(code_.size() - place - 1); }

  // Rejects what has an end, whose port and address are at these places.
  void end(const ExcludedEnd& excluded, uint32_t port_at, uint32_t address_at, bool is_v6) {
    const size_t words = excluded.address.size / 4;
    load_port(port_at, is_v6);
    skip_unless(excluded.port, static_cast<uint8_t>(2 * words + 1));
    for (size_t word = 0; word < words; word++) {
      load(BPF_W, kIp + address_at + static_cast<uint32_t>(4 * word));
      skip_unless(load_be32(excluded.address.bytes.data() + 4 * word), static_cast<uint8_t>(2 * (words - word - 1) + 1));
    }
    reject();
  }

  void ends_of(const std::vector<ExcludedEnd>& ends, bool is_v6) {
    const uint32_t ports = is_v6 ? 40 : 0;
    for (const ExcludedEnd& excluded : ends) {
      if (excluded.address.size != 0 && (excluded.address.size == 16) != is_v6) continue;
      end(excluded, ports, is_v6 ? 8 : 12, is_v6);
      end(excluded, ports + 2, is_v6 ? 24 : 16, is_v6);
    }
    accept();
  }

  void ipv4(const std::vector<ExcludedEnd>& ends) {
    load(BPF_B, kIp + 9);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kTcp, 1, 0));
    accept();
    // A later fragment has no ports.
    load(BPF_H, kIp + 6);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 0, 1));
    accept();
    code_.push_back(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, kIp));
    ends_of(ends, false);
  }

  void ipv6(const std::vector<ExcludedEnd>& ends) {
    load(BPF_B, kIp + 6);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kTcp, 1, 0));
    accept();
    ends_of(ends, true);
  }

  std::vector<sock_filter> code_;
  std::vector<size_t> accepting_;
};

}  // namespace

bool has_libpcap() { return pcap().is_whole(); }

std::vector<sock_filter> make_filter(const FilterOptions& options, uint16_t link_type, std::string& error) {
  std::vector<ExcludedEnd> ends = options.excluded;
  if (ends.size() > kMaxExcludedEnds) ends.resize(kMaxExcludedEnds);
  std::vector<sock_filter> code = Prologue(ends).take();
  if (options.expression.empty()) {
    code.push_back(BPF_STMT(BPF_RET | BPF_K, options.snap_length));
    return code;
  }
  const std::vector<sock_filter> chosen = compile(options, link_type, error);
  code.insert(code.end(), chosen.begin(), chosen.end());
  if (code.size() > BPF_MAXINSNS) error = "The filter of packets is too long for the kernel: make it shorter.";
  return error.empty() ? code : std::vector<sock_filter>{};
}

}  // namespace spanloom::packets
