import type { SideId } from '../../schemas/generated/side-ids.ts';

/** Bits of Side.resolution. */
export const processBit = 1;
export const virtualAddressBit = 8;
export const otherEndBit = 32;

/** Tags that a virtual address gives better than the pod behind it. */
export const serviceIds: readonly SideId[] = ['serviceId', 'autoServiceId', 'autoServiceType'];
