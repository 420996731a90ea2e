/** Several controls on one etcd, in this process, and followers that are linked to each of them. */
import { join } from 'node:path';
import { parseConfig } from '../../src/config/config.js';
import { startControl } from '../../src/control/control.js';
import type { ShownSpread } from '../../src/control/spread.js';
import type { ShownVersion } from '../../src/control/shown.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { CutoverEvent } from '../../src/kernel/events.js';
import type { Role } from '../../src/kernel/role.js';
import type { Tally } from '../../src/verdict/tally.js';
import type { VersionReport } from '../../src/wire/report.js';
import { ControlFollower } from '../unit/control/control-follower.js';
import type { Stage } from './stage.js';
import { eventually, within } from './within.js';

export type Settings = Readonly<Record<string, unknown>>;

export const controlConfig = (settings: Settings) => {
  const parsed = parseConfig({
    proxy: { ip: '127.0.0.1', port: 0 },
    configService: { ip: '127.0.0.1', port: 0 },
    cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }], version: '1.0' },
    ...settings,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

type Event<Type> = Extract<CutoverEvent, { readonly type: Type }>;

export class StartedControl {
  readonly name: string;
  readonly events: CutoverEvent[] = [];
  readonly announcements: string;
  #role: Role | undefined;
  #base = '';

  private constructor(name: string, announcements: string) {
    this.name = name;
    this.announcements = announcements;
  }

  static async start(stage: Stage, name: string, settings: Settings): Promise<StartedControl> {
    const folder = await stage.folder();
    const control = new StartedControl(name, `ipc://${join(folder, 'control')}`);
    control.#role = await startControl({
      config: controlConfig(settings),
      announcements: control.announcements,
      name,
      release: '1.2.3',
      clock: systemClock,
      report: event => control.events.push(event),
    });
    stage.atEnd(() => within(20_000, 'control has stopped', control.stop()));
    const [listening] = control.all('control-listening');
    control.#base = `http://${listening?.address ?? ''}`;
    return control;
  }

  stop(): Promise<void> {
    return this.#role?.stop() ?? Promise.resolve();
  }

  all<Type extends CutoverEvent['type']>(type: Type): readonly Event<Type>[] {
    return this.events.filter((event): event is Event<Type> => event.type === type);
  }

  call(path: string, method = 'GET', body?: unknown): Promise<Response> {
    return fetch(this.#base + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async get<Body>(path: string): Promise<Body> {
    return (await (await this.call(path)).json()) as Body;
  }

  spread(): Promise<ShownSpread> {
    return this.get('/configuration');
  }

  versions(): Promise<readonly ShownVersion[]> {
    return this.get('/configuration/cluster');
  }

  /** Status, and what was said. */
  async put(version: string, upgradeTransition: Settings = { mode: 'INSTANT' }) {
    const servers = [{ ip: '127.0.0.1', port: 9102 }];
    const cluster = { servers, version, upgradeTransition };
    const answer = await this.call('/configuration/cluster', 'PUT', { cluster });
    const body = (await answer.json()) as { id: string; edition: number; error: string };
    return { status: answer.status, ...body };
  }
}

/** One follower, linked to every control, which says the same to each. */
export class LinkedFollower {
  readonly links: readonly ControlFollower[];

  private constructor(links: readonly ControlFollower[]) {
    this.links = links;
  }

  static async follow(
    stage: Stage,
    controls: readonly Pick<StartedControl, 'announcements'>[],
  ): Promise<LinkedFollower> {
    const links = controls.map(({ announcements }) => new ControlFollower(announcements, 'worker'));
    for (const { link } of links) {
      const running = link.run();
      const sweeping = setInterval(() => link.sweep(performance.now()), 250);
      stage.atEnd(async () => {
        clearInterval(sweeping);
        link.close();
        await within(5000, 'the link has ended', running);
      });
    }
    await eventually('it has a table of each', () => links.every(({ link }) => link.isLinked));
    return new LinkedFollower(links);
  }

  /** The newest edition that it was given. */
  get newest(): ControlFollower {
    return this.links.reduce((one, other) =>
      (other.table?.edition ?? 0) > (one.table?.edition ?? 0) ? other : one,
    );
  }

  /** Settles once each control has given it the table of this edition. */
  isTold(edition: number): Promise<void> {
    return eventually('all are told', () =>
      this.links.every(({ table }) => table?.edition === edition),
    );
  }

  /** Of a table that it was given: as often as it was. */
  told(number: string): readonly (string | undefined)[] {
    return this.links.map(link => link.stateOf(number)?.name);
  }

  saw(newer: Tally, stable: Tally): void {
    const [newest, older] = this.newest.table?.versions ?? [];
    if (newest === undefined || older === undefined) throw new Error('there is no upgrade');
    this.report({ version: newest.id, tally: newer }, { version: older.id, tally: stable });
  }

  /** To each that is there. */
  report(...versions: readonly (Partial<VersionReport> & Pick<VersionReport, 'version'>)[]): void {
    for (const each of this.links) if (each.link.isLinked) each.report(...versions);
  }
}
