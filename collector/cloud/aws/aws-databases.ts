/** Managed databases of AWS (RDS, Aurora) as resources. */
import type { DBInstance } from '@aws-sdk/client-rds';
import type { ResourceState } from '../../resources/resource-state.ts';
import { parseAddress } from '../network-text.ts';
import { plainState } from '../../resources/plain-state.ts';
import { hexOf, type ManagedAddresses } from './aws-interfaces.ts';
import { type AwsScope, type AwsReading, factsOf, globalUid, labelsOf, localUid, parentsOf } from './aws-reading.ts';

/** What else is needed to know of databases. */
export interface DatabaseFacts {
  /** Ids of zones by their names in this account. */
  readonly zoneIds: ReadonlyMap<string, string>;
  readonly managed: ManagedAddresses;
  /** Addresses that the names of endpoints lead to. */
  readonly resolved: ReadonlyMap<string, readonly string[]>;
}

/** Name of the endpoint of each database. */
export function endpointNames(databases: readonly DBInstance[]): readonly string[] {
  return databases.flatMap(({ Endpoint }) => (Endpoint?.Address ? [Endpoint.Address] : []));
}

/**
 * Databases. AWS does not list their addresses: the endpoint's name resolves to one of them, which counts if one of the
 * interfaces that RDS manages here has it.
 */
export function databaseStates(
  databases: readonly DBInstance[],
  { zoneIds, managed, resolved }: DatabaseFacts,
  scope: AwsScope,
  reading: AwsReading,
): ResourceState[] {
  return reading
    .withId(databases, ({ DbiResourceId, DBInstanceIdentifier }) => DbiResourceId ?? DBInstanceIdentifier)
    .map(([id, database]) => {
      const { Address, Port } = database.Endpoint ?? {};
      const addresses = (resolved.get(Address ?? '') ?? []).flatMap((text) => {
        const address = parseAddress(text);
        return address === undefined ? [] : (managed.databases.get(hexOf(address)) ?? []);
      });
      const zoneId = zoneIds.get(database.AvailabilityZone ?? '');
      return plainState(
        { kind: 'database', uid: localUid(scope, id), name: database.DBInstanceIdentifier ?? id },
        {
          type: 'aws_rds',
          parents: parentsOf(['vpc', database.DBSubnetGroup?.VpcId], ['zone', zoneId], ['region', scope.region]),
          addresses: [...new Map(addresses.map((address) => [hexOf(address), address])).values()],
          ports: Port === undefined ? [] : [{ transport: 'tcp', port: Port, targetPort: 0, nodePort: 0 }],
          labels: labelsOf(database.TagList),
          environment: factsOf(scope, {
            engine: database.Engine,
            dns_name: Address,
            instance_class: database.DBInstanceClass,
            cluster: database.DBClusterIdentifier,
          }),
        },
      );
    });
}

/** Zone ids by name, from the states of zones. */
export function zoneIdsOf(zones: readonly ResourceState[]): ReadonlyMap<string, string> {
  const prefix = globalUid('').length;
  return new Map(zones.filter(({ kind }) => kind === 'zone').map(({ name, uid }) => [name, uid.slice(prefix)]));
}
