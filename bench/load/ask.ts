/** What a client asks. */

export interface Ask {
  readonly path: string;
  /** How many clients, each with one connection. */
  readonly connections: number;
  /** Every request on a connection of its own. */
  readonly isOneShot: boolean;
  /** As browsers send it: a long head, with cookies, one of them that which the contender set. */
  readonly isBrowser: boolean;
  /** Bytes of a body to POST; undefined: GET. */
  readonly upload: number | undefined;
}

export type Headers = Readonly<Record<string, string>>;

/** About 700 bytes of head, as a browser sends them with three cookies. */
export function browserHeaders(cookie: string | undefined): Headers {
  const theme = 'theme=dark; consent=analytics%3Dfalse%26functional%3Dtrue';
  const visitor = 'visitor=5b1c7f0e9a3d4826b7f1c0de42a96835; language=en-GB';
  return {
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language': 'en-GB,en;q=0.7,de;q=0.3',
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Upgrade-Insecure-Requests': '1',
    'Sec-Fetch-Dest': 'document',
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Site': 'same-origin',
    'Sec-Fetch-User': '?1',
    'Cache-Control': 'max-age=0',
    Priority: 'u=0, i',
    DNT: '1',
    Referer: 'http://shop.example.com/catalogue/garden/chairs?page=3&sort=price',
    Cookie: [theme, visitor, ...(cookie === undefined ? [] : [cookie])].join('; '),
  };
}

/** `name=value` of the first Set-Cookie field. */
export const cookieOf = (setCookie: string | undefined): string | undefined =>
  setCookie?.split(';')[0];

export function headersFor(ask: Ask, cookie: string | undefined): Headers {
  return {
    ...(ask.isBrowser ? browserHeaders(cookie) : {}),
    ...(ask.isOneShot ? { Connection: 'close' } : {}),
  };
}
