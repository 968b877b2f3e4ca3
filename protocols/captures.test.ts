import { expect, test } from 'vitest';
import { describeWhere } from '../test/requirement.ts';
import { capturesMissing, type DissectedMessage, dissectCapture } from './testing/shared-captures.ts';

/**
 * Captures of real traffic, with what another dissector makes of them beside (the .result files). Compared is the meaning;
 * where the two differ, the test says why ours is meant.
 */

function requests(messages: readonly DissectedMessage[]): unknown[] {
  return messages.flatMap((message) =>
    message.kind === 'request' ? [[message.requestType, message.requestResource]] : [],
  );
}

function responses(messages: readonly DissectedMessage[]): unknown[] {
  return messages.flatMap((message) =>
    message.kind === 'response' ? [[message.status, message.responseCode, message.exception]] : [],
  );
}

describeWhere(capturesMissing(), 'captures', () => {
  test('HTTP: a request with sw8 and X-Forwarded-For', () => {
    // The other takes the X-Request-ID only from configured names and cuts the endpoint after two segments.
    expect(dissectCapture('http/client-ip.pcap')).toMatchObject([
      {
        protocol: 'http1',
        requestType: 'POST',
        version: '1.1',
        requestDomain: 'api-webizft1.intranet.local',
        requestResource: '/biz-inquiry-bff/bff/v1/common/check/polymerization?channel=webportal&terminalType=bff',
        endpoint: '/biz-inquiry-bff/bff/v1/common/check/polymerization',
        headers: {
          traceId: '6d4ae9e1fb8a4399aba252d65b5a83c9.76.17016891360410347',
          spanId: '6d4ae9e1fb8a4399aba252d65b5a83c9.76.17016891360410346-6',
          forwardedFor: '10.90.14.76,10.158.233.64',
        },
      },
      { kind: 'response', status: 'ok', responseCode: 200 },
    ]);
  });

  test('HTTP: a request with a body and its answer', () => {
    expect(dissectCapture('http/httpv1.pcap')).toMatchObject([
      {
        requestType: 'POST',
        requestDomain: 'rq.cct.cloud.duba.net',
        requestResource: '/query?1590632942',
        endpoint: '/query',
      },
      { status: 'ok', responseCode: 200, declaredBytes: 227 },
    ]);
  });

  test('HTTP: an answer whose head goes on in a packet that is not there', () => {
    // The other reports it after its first line. Ours waits for the rest until the connection ends.
    const open = dissectCapture('http/istio-tcp-frag.pcap');
    expect(open).toMatchObject([
      {
        requestType: 'GET',
        requestDomain: 'productpage:9080',
        requestResource: '/productpage',
        headers: { traceId: '744a02a3033b7d5960cd96456ba069a0', xRequestId: '46364834-4fb8-9692-a5d6-ab638447a787' },
      },
    ]);
    const ended = dissectCapture('http/istio-tcp-frag.pcap', { ended: true });
    expect(ended[1]).toMatchObject({ kind: 'response', status: 'ok', responseCode: 200 });
  });

  test('HTTP/2 is not taken for HTTP/1', () => {
    expect(dissectCapture('http/grpc-unary.pcap')).toEqual([]);
    expect(dissectCapture('http/httpv2-stream-id.pcap')).toEqual([]);
  });

  test('DNS: names, ids and codes', () => {
    // The other shows the SOA of the authority section as the result; it is no answer.
    expect(dissectCapture('dns/dns.pcap')).toMatchObject([
      { requestId: 57315, requestType: 'A', requestResource: 'guoyongxin.com' },
      { requestId: 57315, status: 'client_error', responseCode: 3, exception: 'NXDOMAIN', result: '' },
      { requestId: 60628, requestType: 'A', requestResource: 'yunshan.net.cn' },
      { requestId: 60628, status: 'ok', responseCode: 0, result: '' },
    ]);
  });

  test('DNS: NXDOMAIN is an error of the client, for every name', () => {
    // The other calls the last one ok, though its code is 3: the name ends as search lists of a cluster do.
    expect(dissectCapture('dns/nxdomain.pcap')).toMatchObject([
      { requestId: 26636, requestType: 'AAAA', requestResource: 'prod-fcdt-e02.int.frontnode.net' },
      { requestId: 26636, status: 'client_error', responseCode: 3 },
      { requestId: 59426, requestType: 'A', requestResource: 'dockerauth-ee-vpc.cn-shenzhen.aliyuncs.com' },
      { requestId: 59426, status: 'ok', result: '100.103.26.52' },
      { requestId: 28756, requestType: 'AAAA', requestResource: 'registry.yingmi-inc.com.monitor.svc.cluster.local' },
      { requestId: 28756, status: 'client_error', responseCode: 3 },
    ]);
  });

  test('Redis: a command and its error', () => {
    // The other keeps the minus sign, which is the type of the reply and no part of its text.
    expect(dissectCapture('redis/redis-error.pcap')).toMatchObject([
      { requestType: 'GET', requestResource: 'GET abcd', endpoint: 'GET' },
      { status: 'client_error', exception: 'NOAUTH Authentication required.' },
    ]);
  });

  test('MySQL: a database that does not exist', () => {
    const messages = dissectCapture('mysql/mysql-error.pcap');
    expect(requests(messages)).toEqual([
      ['LOGIN', 'root'],
      ['SELECT', 'select @@version_comment limit 1'],
      ['SELECT', 'SELECT DATABASE()'],
      ['INIT_DB', 'abcd'],
      ['QUIT', ''],
    ]);
    // The other reports 255, the type of the packet, and a fault of the server. SQLSTATE 42000 is the client's.
    expect(responses(messages)).toEqual([
      ['ok', 0, ''],
      ['ok', 0, ''],
      ['ok', 0, ''],
      ['client_error', 1049, "Unknown database 'abcd'"],
    ]);
  });

  test('MySQL: an execute is shown as its statement', () => {
    // The other shows the parameters instead, which are values of users.
    const messages = dissectCapture('mysql/mysql-exec.pcap');
    expect(messages).toMatchObject([
      { requestType: 'PREPARE' },
      { status: 'ok' },
      { requestType: 'INSERT', endpoint: expect.stringMatching(/^INSERT INTO `controller` \(`cpu_num`/) as string },
      { status: 'ok' },
    ]);
  });

  test('MySQL: a login that is refused', () => {
    const messages = dissectCapture('mysql/mysql-login-error.pcap');
    expect(messages[0]).toMatchObject({ requestType: 'LOGIN', requestResource: 'mydemo', requestDomain: 'mydemo-dn1' });
    expect(responses(messages)).toEqual([['server_error', 1040, 'Too many connections']]);
  });

  test('MySQL: selects, settings, a rollback', () => {
    expect(requests(dissectCapture('mysql/mysql-table-select.pcap'))).toEqual([
      ['LOGIN', 'root'],
      ['SELECT', 'select @@version_comment limit 1'],
      ['SELECT', 'select * from test_table'],
      ['QUIT', ''],
    ]);
    const messages = dissectCapture('mysql/mysql.pcap');
    expect(requests(messages)).toEqual([
      ['LOGIN', 'root'],
      ['SET', 'SET NAMES utf8'],
      ['SET', 'set autocommit=0'],
      ['SET', 'SET NAMES utf8'],
      ['SHOW', 'SHOW WARNINGS'],
      ['ROLLBACK', 'rollback'],
      ['QUIT', ''],
    ]);
    expect(responses(messages)).toHaveLength(6);
  });

  test('MySQL: a packet in a frame for compressed ones that is not compressed', () => {
    expect(dissectCapture('mysql/mysql-use.pcap')).toMatchObject([
      { requestType: 'USE', requestResource: 'use `test`' },
      { status: 'ok' },
    ]);
  });

  test.each([Number.MAX_SAFE_INTEGER, 512, 64])('MySQL: results larger than the %i bytes captured', (captureBytes) => {
    const messages = dissectCapture('mysql/truncate-1024.pcap', { captureBytes });
    expect(
      messages.map((message) =>
        message.kind === 'response' ? message.status : message.kind === 'request' && message.requestType,
      ),
    ).toEqual(['PREPARE', 'ok', 'SELECT', 'ok', 'CLOSE_STATEMENT', 'SELECT', 'ok']);
  });

  test('PostgreSQL: a query and an error', () => {
    expect(dissectCapture('postgre/simple_query.pcap')).toMatchObject([
      { requestType: 'DELETE', requestResource: 'delete  from test;', endpoint: 'delete from test' },
      { status: 'ok', result: 'DELETE 1' },
    ]);
    expect(dissectCapture('postgre/error.pcap')).toMatchObject([
      { requestType: 'QUERY', requestResource: 'asdsdfdsf;' },
      { status: 'client_error', exception: 'ERROR 42601: syntax error at or near "asdsdfdsf"' },
    ]);
  });
});
