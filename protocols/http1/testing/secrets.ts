import { client, server, type MarkedCall } from '../../testing/marked.ts';

const ok = 'HTTP/1.1 204 No Content\r\n\r\n';
const get = (fields: string): string => `GET /a HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;

/** Conversations with their secrets marked. */
export const secrets: Readonly<Record<string, readonly MarkedCall[]>> = {
  'authorization, any case, any blanks': [client(get('aUTHORIZATION :\t «Basic Ym9i»')), server(ok)],
  'a folded value': [client(get('Authorization: «Bearer»\r\n \t«abc»\r\nAccept: */*')), server(ok)],
  'a field that looks folded': [client(get(' Authorization: «Bearer abc»')), server(ok)],
  cookies: [
    client(get('Cookie: «a=b; c=d»\r\nCookie2: «$Version=1»\r\nX-Cookies: none')),
    server('HTTP/1.1 204 No Content\r\nSet-Cookie: «a=b; Path=/»\r\nSet-Cookie2: «c»\r\n\r\n'),
  ],
  'fields of keys and tokens': [
    client(
      get(
        'X-Api-Key: «k»\r\nX-Auth-Token: «t»\r\nX-Vault-Token: «v»\r\nX-Amz-Security-Token: «s»\r\nProxy-Authorization: «p»\r\nPRIVATE-TOKEN: «g»\r\nX-Client-Secret: «c»',
      ),
    ),
    server(ok),
  ],
  'fields of assertions': [
    client(get('X-Jwt-Assertion: «j»\r\nX-Goog-IAP-JWT-Assertion: «i»\r\nX-Access-Jwt: «a»\r\nX-JWT: «x»')),
    server(ok),
  ],
  'fields that only sound so': [
    client(
      get(
        'X-Author: bob\r\nX-Tokens: 3\r\nSecretary: none\r\nAuthority: x\r\nX-Assertions: 2\r\nKey: 1\r\nX-Request-ID: 7',
      ),
    ),
    server(ok),
  ],
  'a token as a subprotocol': [
    client(get('Sec-WebSocket-Protocol: chat, bearer«, abc.def»')),
    server('HTTP/1.1 204 No Content\r\nSec-WebSocket-Protocol: chat\r\n\r\n'),
  ],
  'parameters of the target': [
    client('GET /a?user=bob&password=«x»&access_token=«y»&page=2&pass%77ord=«z»#code=«c» HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'parameters with blanks in front, or a name of several words': [
    client('GET /a?+password=«x»&%20pwd=«y»&my+token=«z»&+page=2 HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'parameters that only sound so': [
    client('GET /a?author=bob&tokens=3&passage=4&codec=5&secrets=6&token HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'a form field of an object': [client('GET /a?user[name]=bob&user[password]=«x» HTTP/1.1\r\n\r\n'), server(ok)],
  'form fields of lists': [
    client('GET /a?password[]=«x»&token[0]=«y»&list[]=z&user[password][0]=«p» HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'a signed URL': [
    client('GET /o?X-Amz-Credential=«AKIA/2026»&X-Amz-Signature=«0af»&X-Amz-Date=20261128 HTTP/1.1\r\n\r\n'),
    server(ok),
  ],
  'a session in the path': [client('GET /a;jsessionid=«0AF» HTTP/1.1\r\n\r\n'), server(ok)],
  'credentials in the authority': [
    client('GET http://bob:«p@ss»@up.test/a HTTP/1.1\r\nReferer: https://eve:«pw»@x/y?code=«9»\r\n\r\n'),
    server('HTTP/1.1 302 Found\r\nLocation: /cb#access_token=«abc»&state=1\r\nContent-Length: 0\r\n\r\n'),
  ],
  'a port is no password': [
    client('GET http://up.test:8080/a HTTP/1.1\r\nReferer: http://x:81/\r\nForwarded: for=1.2.3.4;host=x:82\r\n\r\n'),
    server(ok),
  ],
  'pipelined requests': [
    client(get('Accept: */*'), get('Authorization: «x»'), get('Accept: */*')),
    server(ok, ok, 'HTTP/1.1 204 No Content\r\nSet-Cookie: «a»\r\n\r\n'),
  ],
  'lines ended by LF': [client('GET / HTTP/1.0\nAuthorization: «x»\nAccept: */*\n\n'), server('HTTP/1.0 304 -\n\n')],
  'a lower-case method': [client('patch /a HTTP/1.1\r\nAuthorization: «x»\r\n\r\n'), server(ok)],
  trailers: [
    client('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Api-Key: «k»\r\n\r\n', get('Cookie: «c»')),
    server(ok, ok),
  ],
};
