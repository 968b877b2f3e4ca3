import { words } from '../words.ts';

/**
 * Parameters of a request whose values leave the host: what RFC 3875 (section 4.1) and the usual configurations of web servers
 * say of a request, without QUERY_STRING, which the target has too. Header fields (`HTTP_…`) are judged as those of HTTP/1.
 * Any other parameter is configuration of the application, such as a password of a database.
 */
export const metaVariables = words(`
  CONTENT_LENGTH CONTENT_TYPE DOCUMENT_ROOT DOCUMENT_URI GATEWAY_INTERFACE HTTPS PATH_INFO PATH_TRANSLATED
  REDIRECT_STATUS REMOTE_ADDR REMOTE_PORT REQUEST_METHOD REQUEST_SCHEME REQUEST_URI SCRIPT_FILENAME SCRIPT_NAME
  SERVER_ADDR SERVER_NAME SERVER_PORT SERVER_PROTOCOL SERVER_SOFTWARE
`);
