import type { Tag } from '@aws-sdk/client-ec2';
import type { Network } from '../../../schemas/generated/resource.ts';
import type { ResourceUid } from '../../resources/resource-state.ts';
import { parseAddress, parseMacAddress, parseNetwork } from '../network-text.ts';

/** The account and region that a list of AWS comes from. */
export interface AwsScope {
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
}

/** A field of AWS that may be missing. */
type OptionalText = string | undefined;

/** Reads the fields of AWS objects, any of which may be missing or strange, and counts what could not be used. */
export class AwsReading {
  unusable = 0;

  /** The objects that have an id, with it. */
  withId<Value>(objects: readonly Value[], idOf: (object: Value) => OptionalText): (readonly [string, Value])[] {
    return objects.flatMap((object) => {
      const id = idOf(object);
      if (id !== undefined && id !== '') return [[id, object] as const];
      this.unusable++;
      return [];
    });
  }

  addresses(texts: readonly OptionalText[]): readonly Uint8Array[] {
    return this.#parse(texts, parseAddress);
  }

  networks(texts: readonly OptionalText[]): readonly Network[] {
    return this.#parse(texts, parseNetwork);
  }

  macAddresses(texts: readonly OptionalText[]): readonly Uint8Array[] {
    return this.#parse(texts, parseMacAddress);
  }

  #parse<Value>(texts: readonly OptionalText[], parse: (text: string) => Value | undefined): readonly Value[] {
    const given = new Set(texts.filter((text) => text !== undefined && text !== ''));
    return [...given].flatMap((text) => {
      const value = parse(text!);
      if (value === undefined) this.unusable++;
      return value === undefined ? [] : [value];
    });
  }
}

/** Tags as labels. */
export function labelsOf(tags: readonly Tag[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
}

/** The tag Name, else the id. */
export function nameOf(tags: readonly Tag[] | undefined, id: string): string {
  return labelsOf(tags)['Name'] || id;
}

/** Facts that have no field of their own, without those that are not known. */
export function factsOf(
  { account }: AwsScope,
  facts: Readonly<Record<string, OptionalText>> = {},
): Record<string, string> {
  const known = Object.entries(facts).filter(
    (fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '',
  );
  return { account, ...Object.fromEntries(known) };
}

/** Ids of AWS that are unique everywhere (i-, eni-, vpc-, subnet-, nat-), regions and zones. */
export function globalUid(id: string): string {
  return `aws:${id}`;
}

/** What has a name or id of its own only within an account and region. */
export function localUid({ account, region }: AwsScope, id: string): string {
  return `aws:${account}:${region}:${id}`;
}

/** Those parents whose ids are known. */
export function parentsOf(
  ...parents: readonly (readonly [ResourceUid['kind'], OptionalText])[]
): readonly ResourceUid[] {
  return parents.flatMap(([kind, id]) => (id === undefined || id === '' ? [] : [{ kind, uid: globalUid(id) }]));
}

/** A time of AWS in Unix nanoseconds. */
export function sinceOf(time: Date | undefined): bigint | undefined {
  const ms = time?.getTime() ?? NaN;
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}
