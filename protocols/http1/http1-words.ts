import { words } from '../words.ts';

/** Methods of HTTP by which a request is told before its start line is complete (RFC 9110, 9.3; RFC 5789; RFC 4918). */
export const httpMethods = words(`
  GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH
  PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH PURGE
`);
