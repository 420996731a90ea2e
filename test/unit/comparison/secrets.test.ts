import { expect } from 'chai';
import fc from 'fast-check';
import { parsedJson } from '../../../workers/comparison/json.js';
import {
  fieldWithoutSecrets,
  isSecretName,
  jsonWithoutSecrets,
  LEFT_OUT,
  placeWithoutSecrets,
  textWithoutSecrets,
} from '../../../workers/comparison/secrets.js';

/** Stands wherever something must not be seen. */
const SECRET = 'hunter2-4711';

const shown = (json: string): string => {
  const parsed = parsedJson(Buffer.from(json));
  if (parsed === undefined) throw new Error('no JSON');
  return jsonWithoutSecrets(parsed, 10_000);
};

describe('secrets in what is kept of answers', () => {
  for (const name of [
    'password',
    'userPassword',
    'PASSWD',
    'pwd',
    'accessToken',
    'accesstoken',
    'refresh_token',
    'client-secret',
    'Authorization',
    'x-auth',
    'cookie',
    'SESSIONID',
    'PHPSESSID',
    'sid',
    'key',
    'apiKey',
    'API_KEY',
    'x-api-key',
    'csrf',
    'XSRF-TOKEN',
    'cardPIN',
    'proxy-authenticate',
  ]) {
    it(`are known by the name ${name}`, () => {
      expect(isSecretName(name)).to.equal(true);
    });
  }

  for (const name of ['author', 'monkey', 'keyboard', 'spin', 'price', 'items', 'passenger', '']) {
    it(`are not known by the name ${name || '""'}`, () => {
      expect(isSecretName(name)).to.equal(false);
    });
  }

  const fields = [
    ['set-cookie', `sid=${SECRET}; Path=/`, `sid=${LEFT_OUT}`],
    ['set-cookie', SECRET, LEFT_OUT],
    ['set-cookie', `; sid=${SECRET}`, LEFT_OUT],
    ['authorization', `Bearer ${SECRET}`, LEFT_OUT],
    ['www-authenticate', `Digest nonce="${SECRET}"`, LEFT_OUT],
    ['x-api-key', SECRET, LEFT_OUT],
    ['location', `/next?code=${SECRET}`, `/next?${LEFT_OUT}`],
    ['location', `/next?a=1,2;b='x'&code=${SECRET}`, `/next?${LEFT_OUT}`],
    ['location', `https://host/a#access_token=${SECRET}`, `https://host/a#${LEFT_OUT}`],
    ['location', `/a?b=1#access_token=${SECRET}`, `/a?${LEFT_OUT}`],
    ['refresh', `5; url=/a?b;code=${SECRET}`, `5; url=/a?${LEFT_OUT}`],
    ['location', `https://me:${SECRET}@host/a`, `https://${LEFT_OUT}@host/a`],
    ['link', `</a?x=${SECRET}>; rel="next"`, `</a?${LEFT_OUT}>; rel="next"`],
    [
      'link',
      `</a?x=1,2;${SECRET}>; rel="next", </b#${SECRET}>`,
      `</a?${LEFT_OUT}>; rel="next", </b#${LEFT_OUT}>`,
    ],
    ['content-security-policy', `script-src 'nonce-${SECRET}'`, `script-src 'nonce-${LEFT_OUT}'`],
    ['content-type', 'text/html; charset=utf-8', 'text/html; charset=utf-8'],
    ['cache-control', 'max-age=60', 'max-age=60'],
  ] as const;
  for (const [name, value, kept] of fields) {
    it(`are left out of a field: ${name}: ${value}`, () => {
      expect(fieldWithoutSecrets(name, value)).to.equal(kept);
    });
  }

  const bodies: readonly (readonly [what: string, text: string, stays: string])[] = [
    ['JSON that is cut off', `{"price":1,"token":"${SECRET}`, 'price'],
    ['JSON that is cut off in an escape', `{"token":"a\\"${SECRET}\\`, 'token'],
    ['a number in JSON that is cut off', '{"pin":4711,"a":1,"to', '"a":1'],
    ['a nested value', `{"a":1,"session":{"user":"${SECRET}","b":["${SECRET}"]},"c":2`, '"c":2'],
    [
      'a nested value with brackets in strings',
      `{"session":{"u":"}","v":"${SECRET}"},"c":2`,
      '"c":2',
    ],
    ['a nested value that is cut off', `{"a":1,"session":{"user":"${SECRET}`, '"a":1'],
    ['a form', `a=1&password=${SECRET}&b=2`, 'b=2'],
    ['a form value with spaces', `password=two ${SECRET}&b=2`, 'b=2'],
    ['a script', `const apiKey = '${SECRET}'; run();`, 'run()'],
    ['an unclosed quote before it', `title: "oops\ntoken: ${SECRET}\nend`, 'end'],
    ['a line of a header', `Authorization: Digest u="x", r="${SECRET}`, 'Authorization'],
    ['an array of PHP', `['password' => '${SECRET}', 'a' => 1]`, "'a' => 1"],
    ['an element', `<a>1</a><password>two ${SECRET}</password><b>2</b>`, '<b>2</b>'],
    ['what an element holds', `<session x="1"><id>${SECRET}</id></session><b>2</b>`, '<b>2</b>'],
    ['an element that is not closed', `<b>2</b><token>${SECRET}`, '<b>2</b>'],
    ['an input', `<input type="password" value="${SECRET}"><b>`, '<b>'],
    ['an input, the value first', `<input value='${SECRET}' name=csrf-token />`, 'csrf-token'],
    ['a meta element', `<meta name="csrf-token" content="${SECRET}">x`, 'x'],
    ['an attribute', `<div data-token="${SECRET}">x</div>`, 'x</div>'],
    ['a credential by its look', `see Bearer ${SECRET}.x now`, 'now'],
    ['a query of a link', `<a href="/a?b=1,2;code='${SECRET}'">now</a>`, 'now</a>'],
    ['a query without names', `at https://host/a?${SECRET} now`, 'at https://host/a?… now'],
    ['a fragment', `at https://host/a#state=${SECRET} now`, 'at https://host/a#… now'],
    ['user and a password with marks', `at https://me:?#${SECRET}@host/ now`, '@host/ now'],
    ['user and password', `at https://me:${SECRET}@host/ now`, 'now'],
    [
      'a private key',
      `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----\nnow`,
      'now',
    ],
    ['a private key that is cut off', `now -----BEGIN PRIVATE KEY-----\n${SECRET}\n`, 'now'],
    ['a JSON Web Token', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIi${SECRET}.sig now`, 'now'],
    ['a JSON Web Token behind a dash', `id-eyJhbGciOiJIUzI1NiJ9.eyJzdWIi${SECRET}.sig now`, 'now'],
  ];
  for (const [what, text, stays] of bodies) {
    it(`are left out of text: ${what}`, () => {
      const cleaned = textWithoutSecrets(text);
      expect(cleaned).not.to.contain('hunter2').and.not.to.contain('4711');
      expect(cleaned).to.contain(stays).and.to.contain(LEFT_OUT);
    });
  }

  it('leave other text as it is', () => {
    const text =
      '<p class="#f00">The author said: "12:30, monkey=1", and/or? #1</p>\n{"price": 5, "name": "Ann"}';
    expect(textWithoutSecrets(text)).to.equal(text);
  });

  for (const [text, kept] of [
    [`https://x/?access_token=${SECRET}`, 'https://x/?…'],
    [`https://x/cb#access_token=${SECRET}`, 'https://x/cb#…'],
    [`/cb?a=1,2;b='c'&code=${SECRET}`, '/cb?…'],
    [`/cb/it's?${SECRET}`, "/cb/it's?…"],
    [`page.html?code=${SECRET}`, 'page.html?…'],
    [`?code=${SECRET}`, '?…'],
    [`#id_token=${SECRET}`, '#…'],
    [`go to https://x/?code=${SECRET} or "/y#${SECRET}" now`, 'go to https://x/?… or "/y#…" now'],
    ['What? #1 of C#, and/or? #ff0000', 'What? #1 of C#, and/or? #ff0000'],
  ] as const) {
    it(`are left out of what looks like a URL or a path in JSON: ${text}`, () => {
      expect(shown(JSON.stringify({ next: text }))).to.equal(
        `{\n  "next": ${JSON.stringify(kept)}\n}`,
      );
      expect(shown(JSON.stringify({ [text]: 1 }))).to.contain(`{\n  ${JSON.stringify(kept)}: `);
    });
  }

  it('are left out of JSON, whatever stands under the name; the rest is laid out', () => {
    expect(
      shown(
        `{"b":[1,{}],"token":{"x":"${SECRET}"},"a":{"k":"1.50","apiKey":["${SECRET}"]},"e":[]}`,
      ),
    ).to.equal(
      [
        '{',
        '  "b": [',
        '    1,',
        '    {}',
        '  ],',
        '  "token": "…",',
        '  "a": {',
        '    "k": "1.50",',
        '    "apiKey": "…"',
        '  },',
        '  "e": []',
        '}',
      ].join('\n'),
    );
    expect(shown(`{"next":"https://me:${SECRET}@host/"}`)).not.to.contain(SECRET);
  });

  it('are left out of places: below a secret name names may be secrets', () => {
    expect(placeWithoutSecrets('/items/*/price')).to.equal('/items/*/price');
    expect(placeWithoutSecrets(`/sessions/${SECRET}/user`)).to.equal('/sessions');
    expect(placeWithoutSecrets(`/seen/https:~1~1x~1?code=${SECRET}/at`)).to.equal(
      '/seen/https:~1~1x~1?…/at',
    );
  });

  it('lay JSON out to no more than is wanted', () => {
    const deep = `${'['.repeat(60)}${'[],'.repeat(5000)}1${']'.repeat(60)}`;
    const parsed = parsedJson(Buffer.from(deep));
    if (parsed === undefined) throw new Error('no JSON');
    expect(jsonWithoutSecrets(parsed, 4000).length).to.be.at.most(4000);
  });

  it('never survive under a secret name, wherever in JSON that is, and however that was cut off', () => {
    const names = fc.constantFrom('token', 'userPassword', 'session_id', 'apiKey', 'set-cookie');
    const tree = fc.letrec<{ value: unknown }>(tie => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.constantFrom('text', 'a "quoted" one', '}{', '\\'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c d'), tie('value'), { maxKeys: 3 }),
        fc
          .tuple(names, fc.constantFrom(SECRET, [SECRET], { x: SECRET }, { y: [{ z: SECRET }] }))
          .map(([name, value]) => ({ before: 1, [name]: value, after: 2 })),
      ),
    })).value;
    fc.assert(
      fc.property(tree, fc.double({ min: 0, max: 1, noNaN: true }), (value, part) => {
        const text = JSON.stringify(value);
        expect(shown(text)).not.to.contain('hunter2');
        const cut = text.slice(0, Math.ceil(text.length * part));
        expect(textWithoutSecrets(cut)).not.to.contain('hunter2');
      }),
      { numRuns: 300 },
    );
  });

  it('are looked for in a time that grows with the text only', function () {
    this.timeout(30_000);
    const size = 65_536;
    for (const piece of [
      'a',
      '<',
      '<a ',
      '"',
      'key:',
      'token=',
      '{"key":{',
      '//',
      '?',
      '#a',
      '/?',
      ' /#',
      '?a?a=',
      'eyJ-',
      "='",
      '-----BEGIN PRIVATE KEY-----',
      '<secret>',
    ]) {
      const text = piece.repeat(size / piece.length);
      expect(textWithoutSecrets(text).length).to.be.at.most(3 * size);
      expect(fieldWithoutSecrets('location', text).length).to.be.at.most(3 * size);
      expect(shown(JSON.stringify(text)).length).to.be.at.most(3 * size);
    }
  });
});
