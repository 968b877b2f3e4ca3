import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  durationMsSetting,
  integerSetting,
  listSetting,
  textSetting,
} from '../../core/config/setting.ts';

/** Settings of the capture of packets: SPANLOOM_COLLECTOR_…. */
export const packetsConfig = defineConfig(
  z.object({
    packetsEnabled: booleanSetting({
      description:
        'Capture packets of network interfaces, which takes CAP_NET_RAW: docs/packets.md. Works without eBPF, with SPANLOOM_COLLECTOR_CAPTURE_ENABLED=false.',
      default: 'false',
    }),
    packetInterfaces: listSetting({
      description:
        'Interfaces whose packets are captured: names, or patterns with * and ?. Without any all but loopback interfaces, bridges and tunnels, which carry what others carry too.',
      default: '',
    }),
    packetNamespaces: listSetting({
      description:
        'Network namespaces whose interfaces are captured too, besides that of the collector: names in /run/netns, paths or process ids. Takes CAP_SYS_ADMIN.',
      default: '',
    }),
    packetFilter: textSetting({
      description:
        "Which packets are captured, as an expression in libpcap's syntax (man 7 pcap-filter), such as `tcp port 80`. Needs libpcap. Without it all packets are.",
    }).optional(),
    packetExclude: listSetting({
      description:
        'Ends of TCP connections that are not captured: host:port, or :port for any host, at most 64 addresses. The brokers in SPANLOOM_BUS_KAFKA_BROKERS are left out anyway; name other brokers and stores of spanloom here, where their traffic passes.',
      default: '',
    }),
    packetRingBytes: bytesSetting({
      description:
        "Size of the kernel's ring of packets for each network card; a virtual pair or tap has a sixteenth. When it is full, packets are lost and counted.",
      default: '16MiB',
      minimum: 256 * 1024,
      maximum: 1024 ** 3,
    }),
    packetSnapLength: bytesSetting({
      description: 'Bytes kept of a packet, with its headers.',
      default: '2048',
      minimum: 128,
      maximum: 65_535,
    }),
    maxFlows: integerSetting({
      description: 'Flows that are followed at a time; beyond it the one used longest ago is closed. A kilobyte each.',
      default: '100000',
      minimum: 16,
      maximum: 10_000_000,
    }),
    flowInterval: durationMsSetting({
      description: 'Interval of the counters of a flow.',
      default: '10s',
      minimum: 1000,
      maximum: 600_000,
    }),
  }),
  { name: 'collector', title: 'Collector: packets' },
);

/** Values of {@link packetsConfig}. */
export type PacketsConfig = Readonly<ConfigOf<typeof packetsConfig>>;
