/**
 * What the mesh costs while nothing happens: one process with many of a worker's links to one frontend. To the
 * frontend each of them is a worker; to this process each of them is a frontend.
 * `node links-main.js DEVICE LINKS [KEYFILE]`
 */
import { systemClock } from '../../src/kernel/clock.js';
import { FrontendLink } from '../../workers/frontend-link.js';
import { credentialsIn } from './credentials.js';

/** As in the configuration's defaults. */
const SILENCE = 5000; // ms
const HEARTBEAT = 1000; // ms
const SWEEP = 250; // ms
const WINDOW = 262_144; // bytes

const [address = '', count = '0', key] = process.argv.slice(2);
const credentials = key === undefined ? undefined : credentialsIn(key);
let joined = 0;
const nothing = () => undefined;

const links = Array.from({ length: Number(count) }, (_, at) => {
  const options = {
    address,
    credentials,
    name: `link-${process.pid}-${at + 1}`,
    window: WINDOW,
    heartbeat: HEARTBEAT,
    silence: SILENCE,
    clock: systemClock,
    report: nothing,
  };
  const host = {
    request: nothing,
    said: nothing,
    table: nothing,
    lost: nothing,
    joined: () => {
      joined += 1;
      if (joined === Number(count)) process.send?.('joined');
    },
  };
  const link = new FrontendLink(options, host);
  void link.run();
  return link;
});
setInterval(() => {
  for (const link of links) link.sweep(systemClock.now());
}, SWEEP);
process.on('disconnect', () => process.exit(0)); // who started us has gone
