import { expect } from 'chai';
import { parseConfig } from '../../../src/config/config.js';

/** The options that say how users move, and how the newer version is rescued, compared and judged. */

const server = { ip: '127.0.0.1', port: 9101 };
const least = { cluster: { servers: [server] } };

const withUpgrade = (upgradeTransition: unknown) => ({
  cluster: { servers: [server], upgradeTransition },
});
const gradual = (more: object) => withUpgrade({ mode: 'GRADUAL', duration: '1d', ...more });
const concurrent = (more: object) => withUpgrade({ mode: 'CONCURRENT', ...more });
const session = (more: object) => ({ ...least, session: more });
const rescue = (more: object) => ({ ...least, rescue: more });
const comparison = (more: object) => ({ ...least, comparison: more });
const monitor = (more: object) => ({ ...least, monitor: more });

const keyOf = (bytes: number, fill = 1) => Buffer.alloc(bytes, fill).toString('base64');
const unpadded = (key: string) => key.replace(/=+$/, '');
/** `count` different keys. */
const keys = (count: number) => Array.from({ length: count }, (_, index) => keyOf(32, index + 1));
const ascending = (count: number) => Array.from({ length: count }, (_, index) => (index + 1) / 2);
const repeated = (item: string, count: number) => Array.from({ length: count }, () => item);

const STEPS = 'ascending percentages, each above 0 and up to 100';
const METHODS = 'a list of methods that change state, such as "POST"';
const METHOD = 'the name of a method, such as "POST"';
const SECONDS = 'seconds: a number above 0, up to 2147483';
const KEYS = 'a list of 1 to 16 keys';
const KEY = 'a key of at least 32 bytes in base64';
const BYTES = 'bytes: a whole number of at least 0';
const FLAG = 'true or false';
const SHARE = 'a number above 0 and below 1';
const NAMES = 'a list of names of fields';
const NAME = 'the name of a field';
const POINTERS = 'a list of JSON Pointers, such as "/items/*/price"';
const POINTER = 'a JSON Pointer (RFC 6901)';
const ONE_UP = 'a number of at least 1';
const transition = 'cluster.upgradeTransition';

describe('options of upgrades', () => {
  const accepted: readonly (readonly [what: string, value: unknown])[] = [
    ['one step', gradual({ steps: [100] })],
    ['ascending steps, of parts of a percent too', gradual({ steps: [0.1, 5, 50, 99.9] })],
    ['100 steps', gradual({ steps: ascending(100) })],
    [
      'steps with a pace by requests',
      withUpgrade({ mode: 'GRADUAL', percentageTransitionPerRequest: 0.01, steps: [1, 10] }),
    ],
    ['methods that go to both versions', concurrent({ methods: ['POST', 'PATCH'] })],
    ['no methods', concurrent({ methods: [] })],
    ['16 methods', concurrent({ methods: repeated('POST', 16) })],
    ['a method of 32 letters', concurrent({ methods: ['X'.repeat(32)] })],
    ['promotion by the verdict', concurrent({ promote: 'healthy', sessionTimeout: 60 })],
    ['a session timeout below a second', session({ timeout: 0.5 })],
    ['16 keys', session({ keys: keys(16) })],
    ['a key without padding', session({ keys: [unpadded(keyOf(32))] })],
    ['a key of 1024 bytes', session({ keys: [keyOf(1024)] })],
    ['cookies for https only', session({ secure: true })],
    ['nothing held, no rescues each second', rescue({ hold: 0, perSecond: 0 })],
    ['Idempotency-Key', rescue({ idempotencyKeys: true })],
    ['shares close to their bounds', rescue({ share: 0.999 })],
    ['a field of 128 characters', comparison({ fields: ['X-Build', 'x'.repeat(128)] })],
    [
      '100 fields and pointers',
      comparison({ fields: repeated('a', 100), pointers: repeated('/a', 100) }),
    ],
    [
      'pointers, also the empty one',
      comparison({ pointers: ['', '/', '/items/*/price', '/a~1b'] }),
    ],
    ['limits of 1', monitor({ minimumSample: 1, slower: 1, larger: 1 })],
    ...['rollback', 'freeze', 'alert'].map(
      policy => [`the policy ${policy}`, monitor({ policy })] as const,
    ),
  ];
  for (const [what, value] of accepted) {
    it(`accepts ${what}`, () => expect(parseConfig(value)).to.include({ ok: true }));
  }

  it('keeps what is given', () => {
    const steps = [1, 10, 50];
    const parsed = parseConfig({ ...gradual({ steps }), monitor: { policy: 'freeze' } });
    expect(parsed).to.have.deep.nested.property('config.cluster.upgradeTransition', {
      mode: 'GRADUAL',
      duration: '1d',
      steps,
    });
    expect(parsed).to.have.nested.property('config.monitor.policy', 'freeze');
    expect(parsed).to.have.nested.property('config.monitor.slower', 3);
  });

  type Row = readonly [value: unknown, path: string, expected: string, given: string];
  const refused: readonly Row[] = [
    [gradual({ steps: [50, 10] }), `${transition}.steps`, STEPS, '[50,10]'],
    [gradual({ steps: [10, 10] }), `${transition}.steps`, STEPS, '[10,10]'],
    [gradual({ steps: [] }), `${transition}.steps`, STEPS, '[]'],
    [gradual({ steps: 50 }), `${transition}.steps`, STEPS, '50'],
    [
      withUpgrade({ mode: 'INSTANT', steps: [1] }),
      `${transition}.steps`,
      'only mode, sessionTimeout',
      '[1]',
    ],
    [concurrent({ methods: 'POST' }), `${transition}.methods`, METHODS, '"POST"'],
    [concurrent({ methods: ['post'] }), `${transition}.methods[0]`, METHOD, '"post"'],
    [concurrent({ methods: ['POST', ''] }), `${transition}.methods[1]`, METHOD, '""'],
    [concurrent({ methods: [7] }), `${transition}.methods[0]`, METHOD, '7'],
    [concurrent({ promote: 'always' }), `${transition}.promote`, '"healthy"', '"always"'],
    [concurrent({ promote: true }), `${transition}.promote`, '"healthy"', 'true'],
    [session({ timeout: 0 }), 'session.timeout', SECONDS, '0'],
    [session({ timeout: '30m' }), 'session.timeout', SECONDS, '"30m"'],
    [session({ keys: [] }), 'session.keys', KEYS, '[]'],
    [session({ keys: 'secret' }), 'session.keys', KEYS, '"secret"'],
    [session({ keys: ['c2hvcnQ='] }), 'session.keys[0]', KEY, '"c2hvcnQ="'],
    [session({ keys: [1] }), 'session.keys[0]', KEY, '1'],
    [session({ secure: 'yes' }), 'session.secure', FLAG, '"yes"'],
    [session({ key: 'x' }), 'session.key', 'keys', '(not shown)'],
    [rescue({ patience: 0 }), 'rescue.patience', SECONDS, '0'],
    [rescue({ hold: -1 }), 'rescue.hold', BYTES, '-1'],
    [rescue({ hold: 1.5 }), 'rescue.hold', BYTES, '1.5'],
    [rescue({ idempotencyKeys: 1 }), 'rescue.idempotencyKeys', FLAG, '1'],
    [rescue({ share: 0 }), 'rescue.share', SHARE, '0'],
    [rescue({ share: 1 }), 'rescue.share', SHARE, '1'],
    [rescue({ share: '20%' }), 'rescue.share', SHARE, '"20%"'],
    [rescue({ perSecond: -1 }), 'rescue.perSecond', 'a whole number of at least 0', '-1'],
    [comparison({ patience: -1 }), 'comparison.patience', SECONDS, '-1'],
    [comparison({ fields: 'Date' }), 'comparison.fields', NAMES, '"Date"'],
    [comparison({ fields: ['a b'] }), 'comparison.fields[0]', NAME, '"a b"'],
    [comparison({ fields: ['a', ''] }), 'comparison.fields[1]', NAME, '""'],
    [comparison({ pointers: '/a' }), 'comparison.pointers', POINTERS, '"/a"'],
    [comparison({ pointers: ['a/b'] }), 'comparison.pointers[0]', POINTER, '"a/b"'],
    [comparison({ pointers: ['/a', '/\n'] }), 'comparison.pointers[1]', POINTER, '"/\\n"'],
    [monitor({ policy: 'panic' }), 'monitor.policy', 'one of rollback, freeze, alert', '"panic"'],
    [monitor({ observation: 0 }), 'monitor.observation', SECONDS, '0'],
    [monitor({ minimumSample: 0 }), 'monitor.minimumSample', 'a whole number of at least 1', '0'],
    [monitor({ falseAlarms: 0 }), 'monitor.falseAlarms', SHARE, '0'],
    [monitor({ falseAlarms: 1 }), 'monitor.falseAlarms', SHARE, '1'],
    [monitor({ tolerance: 0 }), 'monitor.tolerance', SHARE, '0'],
    [monitor({ slower: 0.99 }), 'monitor.slower', ONE_UP, '0.99'],
    [monitor({ larger: null }), 'monitor.larger', ONE_UP, 'null'],
    [monitor({ mostFailures: 1.01 }), 'monitor.mostFailures', SHARE, '1.01'],
    ...['session', 'rescue', 'comparison', 'monitor'].map((name): Row => [
      { ...least, [name]: [] },
      name,
      'an object',
      '[]',
    ]),
  ];
  for (const [value, path, expected, given] of refused) {
    it(`refuses ${path} that is ${given}`, () => {
      const parsed = parseConfig(value);
      if (parsed.ok) throw new Error('a problem was expected');
      const [problem, ...others] = parsed.problems;
      const isSecret = path.startsWith('session.keys');
      expect(problem).to.include({ path, expected, given: isSecret ? '(not shown)' : given });
      expect(others).to.deep.equal([]);
    });
  }

  const tooMany: readonly (readonly [what: string, value: unknown, path: string])[] = [
    ['17 keys', session({ keys: keys(17) }), 'session.keys'],
    ['a key twice', session({ keys: [...keys(2), keyOf(32)] }), 'session.keys[2]'],
    ['a key of over 1 KiB', session({ keys: [keyOf(1030)] }), 'session.keys[0]'],
    ['a key of 31 bytes', session({ keys: [unpadded(keyOf(31))] }), 'session.keys[0]'],
    ['101 steps', gradual({ steps: ascending(101) }), `${transition}.steps`],
    ['17 methods', concurrent({ methods: repeated('POST', 17) }), `${transition}.methods`],
    [
      'a method of 33 letters',
      concurrent({ methods: ['X'.repeat(33)] }),
      `${transition}.methods[0]`,
    ],
    ['101 fields', comparison({ fields: repeated('a', 101) }), 'comparison.fields'],
    [
      'a field of 129 characters',
      comparison({ fields: ['x'.repeat(129)] }),
      'comparison.fields[0]',
    ],
    ['101 pointers', comparison({ pointers: repeated('/a', 101) }), 'comparison.pointers'],
  ];
  for (const [what, value, path] of tooMany) {
    it(`refuses ${what}`, () => {
      const parsed = parseConfig(value);
      if (parsed.ok) throw new Error('a problem was expected');
      expect(parsed.problems.map(each => each.path)).to.deep.equal([path]);
    });
  }

  for (const step of [0, 100.5, -1]) {
    it(`refuses a step of ${step}`, () => {
      const parsed = parseConfig(gradual({ steps: [step] }));
      if (parsed.ok) throw new Error('a problem was expected');
      expect(parsed.problems.map(({ path }) => path)).to.deep.equal([`${transition}.steps[0]`]);
    });
  }

  it('reports the problems of all sections at once', () => {
    const parsed = parseConfig({
      ...concurrent({ methods: ['get'], promote: 'no' }),
      session: { keys: ['x'], timeout: -1 },
      rescue: { share: 2 },
      comparison: { pointers: ['x'], fields: [''] },
      monitor: { policy: '', slower: 0 },
    });
    if (parsed.ok) throw new Error('problems were expected');
    expect(parsed.problems.map(({ path }) => path)).to.have.members([
      `${transition}.methods[0]`,
      `${transition}.promote`,
      'session.keys[0]',
      'session.timeout',
      'rescue.share',
      'comparison.pointers[0]',
      'comparison.fields[0]',
      'monitor.policy',
      'monitor.slower',
    ]);
  });
});
