import type { Call } from '../call-list.ts';

/** A call that begins so many milliseconds after noon, with an id of this number. */
export function aCall(number: number, given: Partial<Call> = {}): Call {
  return {
    trace_id: number.toString(16).padStart(32, '0'),
    span_id: number.toString(16).padStart(16, '0'),
    start_time_ns: String(1_769_860_800_000_000_000n + BigInt(number) * 1_000_000n),
    duration_ns: 2_100_000 + number,
    service_name: 'shop',
    client_service_name: 'gateway',
    server_service_name: 'shop',
    observation_point: 's-app',
    protocol: 'http1',
    request_type: 'GET',
    request_domain: 'shop.example',
    request_resource: '/orders/1',
    endpoint: '/orders/{}',
    status: 'ok',
    response_code: 200,
    request_bytes: 120,
    response_bytes: 4_210,
    is_tls: false,
    process_name: 'node',
    client_address: '10.0.0.1',
    client_port: 40_000,
    server_address: '10.0.0.2',
    server_port: 8_080,
    ...given,
  };
}
