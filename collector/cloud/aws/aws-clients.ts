/** Clients of AWS by its SDK, which is loaded only here, so that only users of AWS load it. */
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { RDSClient } from '@aws-sdk/client-rds';
import type { STSClient, STSClientConfig } from '@aws-sdk/client-sts';

/** Whose resources are listed: those of the credentials that this process has, or of a role that it takes on. */
export interface AwsAccount {
  /** 12 digits; `self` for the account of the own credentials. */
  readonly name: string;
  readonly roleArn?: string;
  readonly externalId?: string;
}

/** How clients are made. */
export interface AwsClientOptions {
  /** Instead of the addresses that AWS has: for tests. */
  readonly endpoint?: string;
  /** How often a call is tried before it counts as failed. 8. */
  readonly maxAttempts?: number;
}

/** The modules of the SDK. */
export type AwsSdk = Awaited<ReturnType<typeof loadAwsSdk>>;

/** Loads the SDK. */
export async function loadAwsSdk() {
  const [ec2, balancing, rds, sts] = await Promise.all([
    import('@aws-sdk/client-ec2'),
    import('@aws-sdk/client-elastic-load-balancing-v2'),
    import('@aws-sdk/client-rds'),
    import('@aws-sdk/client-sts'),
  ]);
  return { ec2, balancing, rds, sts };
}

const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 60_000;

/** Clients of one account in one region. */
export class AwsClients {
  readonly ec2: EC2Client;
  readonly balancing: ElasticLoadBalancingV2Client;
  readonly rds: RDSClient;
  readonly sts: STSClient;
  /** Calls that were tried again so far, because AWS asked for patience or did not answer. */
  repeats = 0;

  constructor(sdk: AwsSdk, account: AwsAccount, region: string, options: AwsClientOptions) {
    const plain = {
      region,
      // Learns from being throttled how fast it may ask.
      retryMode: 'adaptive' as const,
      maxAttempts: options.maxAttempts ?? 8,
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
      },
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    };
    this.sts = this.#counted(new sdk.sts.STSClient(plain));
    const credentials = this.#credentials(sdk, account);
    const config = { ...plain, ...(credentials === undefined ? {} : { credentials }) };
    this.ec2 = this.#counted(new sdk.ec2.EC2Client(config));
    this.balancing = this.#counted(new sdk.balancing.ElasticLoadBalancingV2Client(config));
    this.rds = this.#counted(new sdk.rds.RDSClient(config));
  }

  /** Undefined for those that the process has: variables, files, a service account, the metadata of the instance. */
  #credentials(
    sdk: AwsSdk,
    { roleArn, externalId }: AwsAccount,
  ): NonNullable<STSClientConfig['credentials']> | undefined {
    if (roleArn === undefined) return undefined;
    const role = {
      RoleArn: roleArn,
      RoleSessionName: 'spanloom',
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    };
    // The SDK keeps what this returns until it is about to expire.
    return async () => {
      const { Credentials: given } = await this.sts.send(new sdk.sts.AssumeRoleCommand(role));
      if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined)
        throw new Error(`The role ${roleArn} was taken on, but no credentials came with it.`);
      return {
        accessKeyId: given.AccessKeyId,
        secretAccessKey: given.SecretAccessKey,
        ...(given.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
        ...(given.Expiration === undefined ? {} : { expiration: given.Expiration }),
      };
    };
  }

  #counted<Client extends EC2Client | ElasticLoadBalancingV2Client | RDSClient | STSClient>(client: Client): Client {
    const count = (answer: unknown): void => {
      const attempts = (answer as { $metadata?: { attempts?: number } } | undefined)?.$metadata?.attempts ?? 1;
      this.repeats += attempts - 1;
    };
    // Each client has a type of its own for this, of one shape.
    const stack = client.middlewareStack as STSClient['middlewareStack'];
    stack.add(
      (next) => async (args) => {
        try {
          const result = await next(args);
          count(result.output);
          return result;
        } catch (error) {
          count(error);
          throw error;
        }
      },
      { step: 'initialize', name: 'countRepeats' },
    );
    return client;
  }

  close(): void {
    for (const client of [this.ec2, this.balancing, this.rds, this.sts]) client.destroy();
  }
}
