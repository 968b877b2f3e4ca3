import { Resolver } from 'node:dns/promises';
import type { CloudProvider, ListedPart } from '../cloud-provider.ts';
import { type AwsAccount, AwsClients, type AwsClientOptions, type AwsSdk, loadAwsSdk } from './aws-clients.ts';
import { AwsRegion, type Resolve } from './aws-region.ts';

/** What of AWS is listed, and how. */
export interface AwsProviderOptions extends AwsClientOptions {
  readonly accounts: readonly AwsAccount[];
  /** Names of regions, at least one; `all` for those that an account has enabled. */
  readonly regions: readonly string[];
  /** Finds the addresses of the endpoints of databases. The resolver of this machine. */
  readonly resolve?: Resolve;
}

const regionsAtOnce = 4;
/** Where a region is asked for that does not matter. */
const fallbackRegion = 'us-east-1';

/** Amazon Web Services. */
export class AwsProvider implements CloudProvider {
  readonly name = 'aws';
  readonly #options: AwsProviderOptions;
  readonly #resolve: Resolve;
  #sdk: AwsSdk | undefined;
  readonly #clients = new Map<string, AwsClients>();
  readonly #regions = new Map<string, AwsRegion>();
  /** Account of the own credentials, once it is known. */
  #ownAccount: string | undefined;

  constructor(options: AwsProviderOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? resolveHere;
  }

  async *list(signal: AbortSignal): AsyncGenerator<ListedPart> {
    this.#sdk ??= await loadAwsSdk();
    for (const account of this.#options.accounts) {
      let regions: readonly AwsRegion[];
      try {
        regions = await this.#regionsOf(account, signal);
      } catch (error) {
        // Where the account is not even known, any part may be one of its.
        yield {
          kind: 'failed',
          part: account.roleArn === undefined ? this.name : `${this.name}/${account.name}`,
          error,
        };
        continue;
      }
      for (let first = 0; first < regions.length; first += regionsAtOnce) {
        const some = regions.slice(first, first + regionsAtOnce);
        for (const parts of await Promise.all(some.map((region) => region.list(signal)))) yield* parts;
      }
    }
  }

  async #regionsOf(account: AwsAccount, abortSignal: AbortSignal): Promise<readonly AwsRegion[]> {
    const given = this.#options.regions;
    const first = given.find((region) => region !== 'all') ?? fallbackRegion;
    const accountId = account.roleArn === undefined ? await this.#findOwnAccount(first, abortSignal) : account.name;
    let names = given;
    if (given.includes('all')) {
      const { ec2 } = this.#clientsOf(account, first);
      const command = new this.#sdk!.ec2.DescribeRegionsCommand({ AllRegions: false });
      const { Regions } = await ec2.send(command, { abortSignal });
      names = (Regions ?? []).flatMap(({ RegionName }) => RegionName ?? []);
      if (names.length === 0) throw new Error('AWS tells of no region that this account has enabled.');
    }
    return names.map((region) => {
      const part = `${this.name}/${accountId}/${region}`;
      const known = this.#regions.get(part);
      if (known !== undefined) return known;
      const clients = this.#clientsOf(account, region);
      const made = new AwsRegion(this.#sdk!, clients, this.#resolve, part, { account: accountId, region });
      this.#regions.set(part, made);
      return made;
    });
  }

  async #findOwnAccount(region: string, abortSignal: AbortSignal): Promise<string> {
    if (this.#ownAccount !== undefined) return this.#ownAccount;
    const { sts } = this.#clientsOf({ name: 'self' }, region);
    const { Account } = await sts.send(new this.#sdk!.sts.GetCallerIdentityCommand({}), { abortSignal });
    if (Account === undefined) throw new Error('AWS does not tell the account of these credentials.');
    this.#ownAccount = Account;
    return Account;
  }

  #clientsOf(account: AwsAccount, region: string): AwsClients {
    const key = `${account.name}/${region}`;
    let clients = this.#clients.get(key);
    if (clients === undefined) {
      clients = new AwsClients(this.#sdk!, account, region, this.#options);
      this.#clients.set(key, clients);
    }
    return clients;
  }

  /** Closes all connections. */
  close(): void {
    for (const clients of this.#clients.values()) clients.close();
    this.#clients.clear();
    this.#regions.clear();
  }
}

const resolver = new Resolver({ timeout: 2_000, tries: 2 });

async function resolveHere(name: string): Promise<readonly string[]> {
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}
