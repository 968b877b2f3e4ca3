/** A Host header in its two parts. */
export interface HostAndPort {
  readonly host: string;
  /** 0 when the text has none. */
  readonly port: number;
}

const none: HostAndPort = { host: '', port: 0 };

/** Splits `name`, `name:port`, `[address]:port` (RFC 3986, section 3.2); an IPv6 address loses its brackets. */
export function splitHostAndPort(text: string): HostAndPort {
  if (text === '') return none;
  const hostEnd = text.startsWith('[') ? text.indexOf(']') + 1 : text.indexOf(':');
  const end = hostEnd > 0 ? hostEnd : text.length;
  const host = text.startsWith('[') && hostEnd > 0 ? text.slice(1, end - 1) : text.slice(0, end);
  const digits = text.slice(end + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return { host, port: port < 65_536 ? port : 0 };
}
