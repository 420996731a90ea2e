/** Gives `cutover up` its view on a terminal, and takes it away in time. */
import { hostPort } from '../config/address.js';
import type { Config } from '../config/config.js';
import { systemClock } from '../kernel/clock.js';
import { ControlClient } from '../operator/control-client.js';
import { Screen } from '../operator/live/screen.js';
import { View } from '../operator/live/view.js';
import { readableLog } from '../log.js';
import { isForeground } from './foreground.js';
import { release } from './surroundings.js';

/** Undefined: this is no terminal to paint on, or another job has it. */
export function viewFor({ configService, registry }: Config): View | undefined {
  const { stdout, env } = process;
  if (!stdout.isTTY || env['TERM'] === 'dumb' || !isForeground()) return undefined;
  const hasColours = (env['NO_COLOR'] ?? '') === ''; // https://no-color.org
  const screen = new Screen(stdout, hasColours);
  const log = readableLog();
  const { token } = configService;
  const view = new View({
    screen,
    isForeground,
    clock: systemClock,
    address: configService.port === 0 ? undefined : hostPort(configService),
    release: release(),
    ask:
      registry.kind === 'none'
        ? undefined
        : address =>
            new ControlClient({ url: `http://${address}`, token, timeout: PATIENCE }).live(),
    plain: line => {
      log.write(`${line.trimEnd()}\n`);
    },
  });
  keepUp(view, screen);
  view.show();
  return view;
}

/** Milliseconds: longer than that, and control counts as away until it answers again. */
const PATIENCE = 2000;

function keepUp(view: View, screen: Screen): void {
  process.stdout.on('resize', () => view.paint());
  // The terminal is gone, and with it whoever looked at it: no reason to end what serves clients.
  process.stdout.on('error', () => undefined);
  process.on('SIGTSTP', () => {
    view.hide();
    process.kill(process.pid, 'SIGSTOP'); // what the signal does where nobody listens to it
  });
  process.on('SIGCONT', () => view.show());
  process.once('exit', () => screen.close());
}
