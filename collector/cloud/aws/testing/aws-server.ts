/** A server that speaks the wire of EC2, Elastic Load Balancing, RDS and STS: form-encoded queries, XML answers, pages. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Elements by name; a list is an element for each item. */
export type Xml = string | number | boolean | { readonly [name: string]: Xml | readonly Xml[] };

/** One call as it came. */
export interface AwsCall {
  readonly action: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What is there: items as they are on the wire, by the action that lists them. */
export type AwsContent = Readonly<Record<string, readonly Xml[]>>;

/** What is said to a call instead of an answer. */
export type AwsFault =
  { readonly status: number; readonly code: string } | { readonly status: number; readonly body: string } | 'reset';

/** How an action's list is written. */
interface ListWire {
  readonly list: string;
  readonly item: string;
  /** Names of the parameter and element that lead to the next page; undefined where there are no pages. */
  readonly next?: readonly [string, string];
  /** Answers of the query protocol have the result in an element of its own. */
  readonly hasResult: boolean;
}

const ec2Pages = ['NextToken', 'nextToken'] as const;
const wires: Readonly<Record<string, ListWire>> = {
  DescribeRegions: { list: 'regionInfo', item: 'item', hasResult: false },
  DescribeAvailabilityZones: { list: 'availabilityZoneInfo', item: 'item', hasResult: false },
  DescribeVpcs: { list: 'vpcSet', item: 'item', next: ec2Pages, hasResult: false },
  DescribeSubnets: { list: 'subnetSet', item: 'item', next: ec2Pages, hasResult: false },
  DescribeNetworkInterfaces: { list: 'networkInterfaceSet', item: 'item', next: ec2Pages, hasResult: false },
  DescribeInstances: { list: 'reservationSet', item: 'item', next: ec2Pages, hasResult: false },
  DescribeNatGateways: { list: 'natGatewaySet', item: 'item', next: ec2Pages, hasResult: false },
  DescribeLoadBalancers: { list: 'LoadBalancers', item: 'member', next: ['Marker', 'NextMarker'], hasResult: true },
  DescribeTags: { list: 'TagDescriptions', item: 'member', hasResult: true },
  DescribeDBInstances: { list: 'DBInstances', item: 'DBInstance', next: ['Marker', 'Marker'], hasResult: true },
};

/** The running server. */
export interface AwsServer {
  readonly url: string;
  readonly calls: readonly AwsCall[];
  close(): Promise<void>;
}

/** What the server does. */
export interface AwsServerOptions {
  readonly contentOf: (call: AwsCall) => AwsContent;
  /** Undefined: the call is answered. */
  readonly faultOf?: (call: AwsCall) => AwsFault | undefined;
  readonly itemsPerPage: number;
  /** Account of an access key. */
  readonly accountOf?: (accessKeyId: string) => string;
}

/** Starts the server on a free port of the loopback interface. */
export async function startAwsServer(options: AwsServerOptions): Promise<AwsServer> {
  const calls: AwsCall[] = [];
  const server = createServer((request, response) => {
    void readCall(request).then((call) => {
      calls.push(call);
      answer(call, options, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readCall(request: IncomingMessage): Promise<AwsCall> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const parameters = Object.fromEntries(new URLSearchParams(text));
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '');
  return { action: parameters['Action'] ?? '', region: scope?.[2] ?? '', accessKeyId: scope?.[1] ?? '', parameters };
}

function answer(call: AwsCall, options: AwsServerOptions, response: ServerResponse): void {
  const fault = options.faultOf?.(call);
  if (fault === 'reset') {
    response.socket?.destroy();
    return;
  }
  const send = (status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' });
    response.end(body);
  };
  const wire = wires[call.action];
  if (fault !== undefined)
    send(fault.status, 'body' in fault ? fault.body : errorBody(fault.code, wire?.hasResult !== false));
  else if (wire !== undefined) send(200, listBody(call, wire, options));
  else send(200, identityBody(call, options));
}

function errorBody(code: string, isQuery: boolean): string {
  const error = { Code: code, Message: `${code} says the server.` };
  return isQuery
    ? render('ErrorResponse', { Error: { Type: 'Sender', ...error }, RequestId: 'r-1' })
    : render('Response', { Errors: { Error: error }, RequestID: 'r-1' });
}

function listBody(call: AwsCall, { list, item, next, hasResult }: ListWire, options: AwsServerOptions): string {
  const items = options.contentOf(call)[call.action] ?? [];
  const first = Number(next === undefined ? 0 : (call.parameters[next[0]] ?? 0));
  const last = next === undefined ? items.length : first + options.itemsPerPage;
  const result = {
    [list]: { [item]: items.slice(first, last) },
    ...(next === undefined || last >= items.length ? {} : { [next[1]]: last }),
  };
  return render(`${call.action}Response`, hasResult ? { [`${call.action}Result`]: result } : result);
}

function identityBody({ action, accessKeyId, parameters }: AwsCall, { accountOf }: AwsServerOptions): string {
  if (action === 'GetCallerIdentity')
    return render('GetCallerIdentityResponse', {
      GetCallerIdentityResult: { Account: accountOf?.(accessKeyId) ?? '' },
    });
  const account = /:(\d+):role/.exec(parameters['RoleArn'] ?? '')?.[1] ?? '';
  return render('AssumeRoleResponse', {
    AssumeRoleResult: {
      Credentials: {
        AccessKeyId: `ROLE${account}`,
        SecretAccessKey: 'secret',
        SessionToken: 'token',
        Expiration: new Date(Date.now() + 3_600_000).toISOString(),
      },
    },
  });
}

function render(name: string, value: Xml | readonly Xml[]): string {
  if (Array.isArray(value)) return (value as readonly Xml[]).map((each) => render(name, each)).join('');
  const inside =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([inner, content]) => render(inner, content))
          .join('')
      : String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<${name}>${inside}</${name}>`;
}
