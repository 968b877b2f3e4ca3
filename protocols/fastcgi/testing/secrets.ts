import { client, type MarkedCall, server } from '../../testing/marked.ts';
import { end, record, request, response } from './fastcgi-wire.ts';

const plain = { REQUEST_METHOD: 'GET', REQUEST_URI: '/a' };
const html = 'Content-type: text/html';

const ok = response([html]);

/** Conversations with their secrets marked. */
export const secrets: Readonly<Record<string, readonly MarkedCall[]>> = {
  'parameters of the application': [
    client(request({ ...plain, DB_PASSWORD: '«s3cr»', APP_ENV: '«prod»', PHP_VALUE: '«x=y»', SERVER_NAME: 'shop' })),
    server(ok),
  ],
  'header fields': [
    client(
      request({
        ...plain,
        HTTP_COOKIE: '«a=b»',
        HTTP_AUTHORIZATION: '«Basic Ym9i»',
        HTTP_X_API_KEY: '«k»',
        HTTP_ACCEPT: '*/*',
        HTTP_X_REQUEST_ID: 'r1',
      }),
    ),
    server(response([html, 'Set-Cookie: «sid=1; path=/»', 'X-Powered-By: PHP'])),
  ],
  'the query': [
    client(request({ QUERY_STRING: '«page=1&token=x»', REQUEST_METHOD: 'GET', REQUEST_URI: '/a?page=1&token=«x»' })),
    server(response(['Status: 302 Found', 'Location: /cb#access_token=«abc»&state=1'])),
  ],
  'a user that was told by the web server': [
    client(request({ ...plain, REMOTE_USER: '«bob»', PHP_AUTH_PW: '«pw»', AUTH_TYPE: '«Basic»', HTTPS: 'on' })),
    server(ok),
  ],
  'a line for the log': [
    client(request(plain)),
    server(
      record('stderr', "PHP message: Access denied for user '«joe»' at mysql://joe:«pw»@db/x"),
      record('stdout', `Status: 500 Internal Server Error\r\n${html}\r\n\r\n`),
      end(1, 255),
    ),
  ],
  'two requests at once': [
    client(request({ ...plain, HTTP_COOKIE: '«a»' }, '', 1), request({ ...plain, HTTP_COOKIE: '«b»' }, '', 2)),
    server(
      record('stdout', 'Set-Cookie: «c»\r\n', 2),
      record('stdout', 'Set-Cookie: «d»\r\n\r\n', 1),
      record('stdout', 'X-Cookies: e\r\n\r\n', 2),
      end(1),
      end(2),
    ),
  ],
  'one after the other': [
    client(request({ ...plain, HTTP_X_AUTH_TOKEN: '«t»' })),
    server(ok),
    client(request({ ...plain, HTTP_X_AUTH_TOKEN: '«u»' })),
    server(ok),
  ],
};
