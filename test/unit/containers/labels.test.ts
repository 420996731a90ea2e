import { expect } from 'chai';
import { labelledBy } from '../../../src/containers/labels.js';

const named = (own: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(own).map(([name, value]) => [`cutover.${name}`, value]));
const read = (own: Readonly<Record<string, string>>) =>
  labelledBy(named({ version: '2.0', port: '8080', ...own }));

describe('labelledBy', () => {
  for (const { labels, transition } of [
    { labels: {}, transition: { mode: 'INSTANT' } },
    { labels: { mode: 'INSTANT' }, transition: { mode: 'INSTANT' } },
    {
      labels: { mode: 'SESSION', sessionTimeout: '600' },
      transition: { mode: 'SESSION', sessionTimeout: 600 },
    },
    {
      labels: { mode: 'GRADUAL', percentageTransitionPerRequest: '0.5', steps: '5, 25,50' },
      transition: { mode: 'GRADUAL', percentageTransitionPerRequest: 0.5, steps: [5, 25, 50] },
    },
    {
      labels: { mode: 'GRADUAL', duration: '14d' },
      transition: { mode: 'GRADUAL', duration: '14d' },
    },
    {
      labels: { mode: 'CONCURRENT', methods: 'POST,PUT', promote: 'healthy' },
      transition: { mode: 'CONCURRENT', methods: ['POST', 'PUT'], promote: 'healthy' },
    },
  ]) {
    it(`reads ${JSON.stringify(labels)}`, () => {
      const labelled = { version: '2.0', port: 8080, transition };
      expect(read(labels)).to.deep.equal({ ok: true, labelled });
    });
  }

  it('reads where the container stands', () => {
    expect(read({ zone: 'a' })).to.have.nested.property('labelled.zone', 'a');
    const said =
      'label cutover.zone: expected 1 to 128 letters, digits, dots, hyphens and underscores';
    expect(read({ zone: 'to the left' }))
      .to.have.property('because')
      .that.includes(said);
  });

  it('keeps versions as they are written: 1.10 is newer than 1.9', () => {
    expect(read({ version: '1.10' })).to.have.nested.property('labelled.version', '1.10');
  });

  it('does not care for labels of others', () => {
    const labels = {
      ...named({ version: '1', port: '80' }),
      'com.example.mode': 'x',
      cutover: 'y',
    };
    expect(labelledBy(labels)).to.have.property('ok', true);
  });

  for (const { labels, because } of [
    {
      labels: { mode: 'SESSION' },
      because:
        'label cutover.sessionTimeout: expected seconds: a number above 0, up to 2147483, given nothing',
    },
    {
      labels: { mode: 'SESSION', sessionTimeout: 'soon' },
      because:
        'label cutover.sessionTimeout: expected seconds: a number above 0, up to 2147483, given "soon"',
    },
    {
      labels: { mode: 'FAST' },
      because: 'label cutover.mode: expected INSTANT, SESSION, GRADUAL or CONCURRENT, given "FAST"',
    },
    {
      labels: { sessionTimeout: '600' },
      because:
        'label cutover.mode: expected INSTANT, SESSION, GRADUAL or CONCURRENT, given nothing',
    },
    {
      labels: { mode: 'GRADUAL' },
      because:
        'label cutover.mode: expected either percentageTransitionPerRequest or duration, given {"mode":"GRADUAL"}',
    },
    {
      labels: { mode: 'INSTANT', steps: '5' },
      because: 'label cutover.steps: unknown option; known are mode, sessionTimeout',
    },
    {
      labels: { sessionTimout: '600' },
      because: 'label cutover.sessionTimout is unknown; is cutover.sessionTimeout meant?',
    },
    {
      labels: { enable: 'true' },
      because:
        'label cutover.enable is unknown; known are version, port, zone, mode, sessionTimeout, ' +
        'percentageTransitionPerRequest, duration, steps, methods, promote',
    },
    {
      labels: { port: 'http' },
      because: 'label cutover.port: expected a whole number from 1 to 65535, given "http"',
    },
    {
      labels: { version: 'latest' },
      because:
        'label cutover.version: expected dotted numbers in quotes, such as "1.10", or a whole number, given "latest"',
    },
  ]) {
    it(`says of ${JSON.stringify(labels)} what is wrong`, () => {
      expect(read(labels)).to.deep.equal({ ok: false, because });
    });
  }

  it('says all that is wrong at once', () => {
    const answer = labelledBy(named({ mod: 'SESSION' }));
    expect(answer).to.have.property('ok', false);
    expect(answer).to.have.property('because').that.contains('is cutover.mode meant?');
    expect(answer).to.have.property('because').that.contains('label cutover.version: expected');
    expect(answer).to.have.property('because').that.contains('label cutover.port: expected');
  });
});
