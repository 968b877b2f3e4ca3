// SPDX-License-Identifier: Apache-2.0
//
// Sends frames of UDP as fast as one core can: flood INTERFACE PACKETS PAYLOAD_BYTES FLOWS. They are for another machine's MAC
// address, so that no stack but the capture looks at them.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { kBatch = 64, kHeaders = 14 + 20 + 8, kMaxFrame = 1514 };

static unsigned char frames[kBatch][kMaxFrame];

int main(int count, char** arguments) {
  if (count != 5) return 2;
  const long packets = atol(arguments[2]);
  const int payload = atoi(arguments[3]);
  const int flows = atoi(arguments[4]);
  const int bytes = kHeaders + payload;
  if (bytes > kMaxFrame || flows < 1) return 2;
  const int number = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(arguments[1]), .sll_halen = 6};
  const int on = 1;
  setsockopt(number, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
  struct mmsghdr messages[kBatch];
  struct iovec parts[kBatch];
  memset(messages, 0, sizeof(messages));
  for (int index = 0; index < kBatch; index++) {
    unsigned char* frame = frames[index];
    memcpy(frame, "\x02\x00\x00\x00\x00\x09\x02\x00\x00\x00\x00\x01\x08\x00", 14);
    memcpy(frame + 14, "\x45\x00\x00\x00\x00\x00\x40\x00\x40\x11\x00\x00\x0a\x4d\x00\x01\x0a\x4d\x00\x02", 20);
    frame[16] = (unsigned char)((bytes - 14) >> 8);
    frame[17] = (unsigned char)(bytes - 14);
    frame[37] = 9;
    frame[38] = (unsigned char)((payload + 8) >> 8);
    frame[39] = (unsigned char)(payload + 8);
    parts[index] = (struct iovec){frame, (size_t)bytes};
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
    messages[index].msg_hdr.msg_name = &to;
    messages[index].msg_hdr.msg_namelen = sizeof(to);
  }
  long sent = 0;
  while (sent < packets) {
    for (int index = 0; index < kBatch; index++) {
      const int port = 1024 + (int)((sent + index) % flows);
      frames[index][34] = (unsigned char)(port >> 8);
      frames[index][35] = (unsigned char)port;
    }
    const int now = sendmmsg(number, messages, kBatch, 0);
    if (now < 0) {
      perror("sendmmsg");
      return 1;
    }
    sent += now;
  }
  printf("%ld\n", sent);
  return 0;
}
