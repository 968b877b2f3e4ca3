import { pods, ports, type Pod, type Scenario } from './topology.ts';

/** A request without X-Request-ID gets one, and the response tells it to whoever asked. */
const giveId = [
  '  http-request set-header X-Request-ID %[uuid()] unless { req.hdr(X-Request-ID) -m found }',
  '  http-request set-var(txn.id) req.hdr(X-Request-ID)',
  '  http-response set-header X-Request-ID %[var(txn.id)]',
];

/**
 * Configuration of HAProxy as the sidecar of a pod: it hands what comes to the pod to the service, and what the service calls
 * to the pod of that name.
 */
export function sidecarConfiguration(pod: Pod, scenario: Scenario): string {
  const called = pods.flatMap((other) => ('serviceAddress' in other ? [other] : []));
  return [
    'global',
    // One event loop.
    '  nbthread 1',
    'defaults',
    '  mode http',
    '  timeout connect 10s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  http-reuse always',
    'frontend outbound',
    `  bind 127.0.0.1:${ports.outbound}`,
    ...giveId,
    ...called.map(({ name }) => `  use_backend ${name} if { path_beg /${name}/ }`),
    ...called.flatMap(({ name, address, serviceAddress }) => [
      `backend ${name}`,
      `  server ${name} ${scenario === 'nat' ? serviceAddress : address}:${ports.service}`,
    ]),
    'frontend inbound',
    `  bind ${pod.address}:${ports.service}`,
    ...giveId,
    '  default_backend service',
    'backend service',
    `  server service 127.0.0.1:${ports.service}`,
    '',
  ].join('\n');
}
