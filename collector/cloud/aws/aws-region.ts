import type { ResourceState } from '../../resources/resource-state.ts';
import type { ListedPart } from '../cloud-provider.ts';
import { balancerStates } from './aws-balancers.ts';
import type { AwsClients, AwsSdk } from './aws-clients.ts';
import { instanceStates, natGatewayStates } from './aws-compute.ts';
import { databaseStates, endpointNames, zoneIdsOf } from './aws-databases.ts';
import { interfaceStates, type ManagedAddresses } from './aws-interfaces.ts';
import { subnetStates, vpcStates, zoneStates } from './aws-networks.ts';
import { AwsReading, type AwsPlace } from './aws-reading.ts';

/** Finds the addresses of a name; none where there is no such name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

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
  readonly #place: AwsPlace;
  #managed: ManagedAddresses = { balancers: new Map(), databases: new Map() };
  #zoneIds: ReadonlyMap<string, string> = new Map();
  /** Last known addresses of endpoints: a name that cannot be resolved for a moment has not moved. */
  #resolved = new Map<string, readonly string[]>();

  constructor(sdk: AwsSdk, clients: AwsClients, resolve: Resolve, part: string, place: AwsPlace) {
    this.#sdk = sdk;
    this.#clients = clients;
    this.#resolve = resolve;
    this.#part = part;
    this.#place = place;
  }

  /** Lists everything; each list fails by itself. */
  async list(abortSignal: AbortSignal): Promise<readonly ListedPart[]> {
    const { ec2, balancing, rds } = this.#sdk;
    const place = this.#place;
    const [compute, balancers, databases] = [this.#clients.ec2, this.#clients.balancing, this.#clients.rds];
    const paging = { client: compute, pageSize, stopOnSameToken: true };
    const handler = { abortSignal };
    const lists: readonly (readonly [string, (reading: AwsReading) => Promise<readonly ResourceState[]>])[] = [
      [
        'zones',
        async (reading) => {
          const found = await compute.send(new ec2.DescribeAvailabilityZonesCommand({}), handler);
          const states = zoneStates(found.AvailabilityZones ?? [], place, reading);
          this.#zoneIds = zoneIdsOf(states);
          return states;
        },
      ],
      [
        'vpcs',
        async (reading) =>
          vpcStates(await all(ec2.paginateDescribeVpcs(paging, {}, handler), ({ Vpcs }) => Vpcs), place, reading),
      ],
      [
        'subnets',
        async (reading) => {
          const pages = ec2.paginateDescribeSubnets(paging, {}, handler);
          return subnetStates(await all(pages, ({ Subnets }) => Subnets), place, reading);
        },
      ],
      [
        'network_interfaces',
        async (reading) => {
          const pages = ec2.paginateDescribeNetworkInterfaces(paging, {}, handler);
          const found = await all(pages, ({ NetworkInterfaces }) => NetworkInterfaces);
          const { states, managed } = interfaceStates(found, place, reading);
          this.#managed = managed;
          return states;
        },
      ],
      [
        'instances',
        async (reading) => {
          const pages = ec2.paginateDescribeInstances(paging, {}, handler);
          const reservations = await all(pages, ({ Reservations }) => Reservations);
          const found = reservations.flatMap(({ Instances }) => Instances ?? []);
          return instanceStates(found, place, reading);
        },
      ],
      [
        'nat_gateways',
        async (reading) => {
          const pages = ec2.paginateDescribeNatGateways(paging, {}, handler);
          return natGatewayStates(await all(pages, ({ NatGateways }) => NatGateways), place, reading);
        },
      ],
      [
        'load_balancers',
        async (reading) => {
          const options = { client: balancers, pageSize: balancerPageSize, stopOnSameToken: true };
          const pages = balancing.paginateDescribeLoadBalancers(options, {}, handler);
          const found = await all(pages, ({ LoadBalancers }) => LoadBalancers);
          const arns = found.flatMap(({ LoadBalancerArn }) => LoadBalancerArn ?? []);
          const tags = [];
          for (let first = 0; first < arns.length; first += taggedAtOnce) {
            const ResourceArns = arns.slice(first, first + taggedAtOnce);
            const tagged = await balancers.send(new balancing.DescribeTagsCommand({ ResourceArns }), handler);
            tags.push(...(tagged.TagDescriptions ?? []));
          }
          return balancerStates(found, tags, this.#managed, place, reading);
        },
      ],
      [
        'databases',
        async (reading) => {
          const options = { client: databases, pageSize: databasePageSize, stopOnSameToken: true };
          const pages = rds.paginateDescribeDBInstances(options, {}, handler);
          const found = await all(pages, ({ DBInstances }) => DBInstances);
          await this.#resolveAll(endpointNames(found));
          const facts = { zoneIds: this.#zoneIds, managed: this.#managed, resolved: this.#resolved };
          return databaseStates(found, facts, place, reading);
        },
      ],
    ];
    const parts: ListedPart[] = [];
    for (const [name, list] of lists) {
      if (abortSignal.aborted) break;
      const part = `${this.#part}/${name}`;
      const repeatsBefore = this.#clients.repeats;
      try {
        const reading = new AwsReading();
        const states = await list(reading);
        const repeats = this.#clients.repeats - repeatsBefore;
        parts.push({ kind: 'listed', part, states, repeats, unusable: reading.unusable });
      } catch (error) {
        parts.push({ kind: 'failed', part, error });
      }
    }
    return parts;
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
