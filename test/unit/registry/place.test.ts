import { expect } from 'chai';
import { registryPlace } from '../../../src/registry/place.js';

describe('registryPlace', () => {
  const user = '/home/a/.local/state';
  const rows: readonly (readonly [service: string | undefined, folder: string])[] = [
    [undefined, '/home/a/.local/state/cutover/'],
    ['', '/home/a/.local/state/cutover/'],
    ['/var/lib/cutover', '/var/lib/cutover/'],
    ['/var/lib/cutover:/var/lib/more', '/var/lib/cutover/'],
  ];
  for (const [service, folder] of rows) {
    it(`is in ${folder} where the service's is ${String(service)}`, () => {
      const place = registryPlace('/etc/cutover/site.json', { service, user });
      expect(place.startsWith(folder)).to.equal(true);
      expect(place.slice(folder.length)).to.match(/^site-[\da-f]{8}\.json$/);
    });
  }

  it('is another one for another configuration of the same name, and the same for the same', () => {
    const of = (path: string) => registryPlace(path, { service: undefined, user });
    expect(of('/etc/a/site.json')).to.not.equal(of('/etc/b/site.json'));
    expect(of('/etc/a/../a/site.json')).to.equal(of('/etc/a/site.json'));
  });
});
