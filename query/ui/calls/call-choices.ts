import { protocolSymbols, spanStatusSymbols } from '../../../schemas/generated/span.ts';

export const callProtocols: readonly string[] = protocolSymbols.filter((protocol) => protocol !== 'unknown');
export const callStatuses: readonly string[] = ['error', ...spanStatusSymbols];
