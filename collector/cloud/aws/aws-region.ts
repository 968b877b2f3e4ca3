import type { ResourceState } from '../../resources/resource-state.ts';
import type { ListedPart } from '../cloud-provider.ts';
import { balancerStates } from './aws-balancers.ts';
import type { AwsClients, AwsSdk } from './aws-clients.ts';
import { instanceStates, natGatewayStates } from './aws-compute.ts';
import { databaseStates, endpointNames, zoneIdsOf } from './aws-databases.ts';
import { interfaceStates, type ManagedAddresses } from './aws-interfaces.ts';
import { subnetStates, vpcStates, zoneStates } from './aws-networks.ts';
import { AwsReading, type AwsScope } from './aws-reading.ts';

/** Finds the addresses of a name; none where there is no such name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

type ListStates = (reading: AwsReading) => Promise<readonly ResourceState[]>;

/** Goes with each request. */
interface Handler {
  readonly abortSignal: AbortSignal;
}

const pageSize = 500;
/** RDS gives no larger pages. */
const databasePageSize = 100;
const balancerPageSize = 100;
/** No more load balancers may be asked for their tags at once. */
const taggedAtOnce = 20;

/** One account in one region. Remembers what one list needs of another, so that a failed one does not change the other. */
export class AwsRegion {
  readonly #sdk: AwsSdk;
  readonly #clients: AwsClients;
  readonly #resolve: Resolve;
  readonly #part: string;
  readonly #scope: AwsScope;
  #managed: ManagedAddresses = { balancers: new Map(), databases: new Map() };
  #zoneIds: ReadonlyMap<string, string> = new Map();
  /** Last known addresses of endpoints: a name that cannot be resolved for a moment has not moved. */
  #resolved = new Map<string, readonly string[]>();

  constructor(sdk: AwsSdk, clients: AwsClients, resolve: Resolve, part: string, scope: AwsScope) {
    this.#sdk = sdk;
    this.#clients = clients;
    this.#resolve = resolve;
    this.#part = part;
    this.#scope = scope;
  }

  /** Lists everything; each list fails by itself. */
  async list(abortSignal: AbortSignal): Promise<readonly ListedPart[]> {
    const handler = { abortSignal };
    const lists: readonly (readonly [name: string, list: ListStates])[] = [
      ['zones', (reading) => this.#zones(handler, reading)],
      ['vpcs', (reading) => this.#vpcs(handler, reading)],
      ['subnets', (reading) => this.#subnets(handler, reading)],
      ['network_interfaces', (reading) => this.#interfaces(handler, reading)],
      ['instances', (reading) => this.#instances(handler, reading)],
      ['nat_gateways', (reading) => this.#natGateways(handler, reading)],
      ['load_balancers', (reading) => this.#balancers(handler, reading)],
      ['databases', (reading) => this.#databases(handler, reading)],
    ];
    const parts: ListedPart[] = [];
    for (const [name, list] of lists) {
      if (abortSignal.aborted) break;
      parts.push(await this.#listPart(`${this.#part}/${name}`, list));
    }
    return parts;
  }

  async #listPart(part: string, list: ListStates): Promise<ListedPart> {
    const repeatsBefore = this.#clients.repeats;
    try {
      const reading = new AwsReading();
      const states = await list(reading);
      const repeats = this.#clients.repeats - repeatsBefore;
      return { kind: 'listed', part, states, repeats, unusable: reading.unusable };
    } catch (error) {
      return { kind: 'failed', part, error };
    }
  }

  get #computePaging() {
    return { client: this.#clients.ec2, pageSize, stopOnSameToken: true };
  }

  async #zones(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const command = new this.#sdk.ec2.DescribeAvailabilityZonesCommand({});
    const found = await this.#clients.ec2.send(command, handler);
    const states = zoneStates(found.AvailabilityZones ?? [], this.#scope, reading);
    this.#zoneIds = zoneIdsOf(states);
    return states;
  }

  async #vpcs(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const pages = this.#sdk.ec2.paginateDescribeVpcs(this.#computePaging, {}, handler);
    return vpcStates(await all(pages, ({ Vpcs }) => Vpcs), this.#scope, reading);
  }

  async #subnets(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const pages = this.#sdk.ec2.paginateDescribeSubnets(this.#computePaging, {}, handler);
    return subnetStates(await all(pages, ({ Subnets }) => Subnets), this.#scope, reading);
  }

  async #interfaces(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const pages = this.#sdk.ec2.paginateDescribeNetworkInterfaces(this.#computePaging, {}, handler);
    const found = await all(pages, ({ NetworkInterfaces }) => NetworkInterfaces);
    const { states, managed } = interfaceStates(found, this.#scope, reading);
    this.#managed = managed;
    return states;
  }

  async #instances(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const pages = this.#sdk.ec2.paginateDescribeInstances(this.#computePaging, {}, handler);
    const reservations = await all(pages, ({ Reservations }) => Reservations);
    const found = reservations.flatMap(({ Instances }) => Instances ?? []);
    return instanceStates(found, this.#scope, reading);
  }

  async #natGateways(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const pages = this.#sdk.ec2.paginateDescribeNatGateways(this.#computePaging, {}, handler);
    return natGatewayStates(await all(pages, ({ NatGateways }) => NatGateways), this.#scope, reading);
  }

  async #balancers(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const { balancing } = this.#sdk;
    const client = this.#clients.balancing;
    const paging = { client, pageSize: balancerPageSize, stopOnSameToken: true };
    const pages = balancing.paginateDescribeLoadBalancers(paging, {}, handler);
    const found = await all(pages, ({ LoadBalancers }) => LoadBalancers);
    const arns = found.flatMap(({ LoadBalancerArn }) => LoadBalancerArn ?? []);
    const tags = [];
    for (let first = 0; first < arns.length; first += taggedAtOnce) {
      const ResourceArns = arns.slice(first, first + taggedAtOnce);
      const tagged = await client.send(new balancing.DescribeTagsCommand({ ResourceArns }), handler);
      tags.push(...(tagged.TagDescriptions ?? []));
    }
    return balancerStates(found, tags, this.#managed, this.#scope, reading);
  }

  async #databases(handler: Handler, reading: AwsReading): Promise<readonly ResourceState[]> {
    const paging = { client: this.#clients.rds, pageSize: databasePageSize, stopOnSameToken: true };
    const pages = this.#sdk.rds.paginateDescribeDBInstances(paging, {}, handler);
    const found = await all(pages, ({ DBInstances }) => DBInstances);
    await this.#resolveAll(endpointNames(found));
    const facts = { zoneIds: this.#zoneIds, managed: this.#managed, resolved: this.#resolved };
    return databaseStates(found, facts, this.#scope, reading);
  }

  async #resolveAll(names: readonly string[]): Promise<void> {
    const resolved = await Promise.all(
      names.map(async (name) => {
        const addresses = await this.#resolve(name).catch(() => []);
        return [name, addresses.length === 0 ? (this.#resolved.get(name) ?? []) : addresses] as const;
      }),
    );
    this.#resolved = new Map(resolved);
  }
}

/** The items of all pages. */
async function all<Page, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const page of pages) for (const item of itemsOf(page) ?? []) items.push(item);
  return items;
}
