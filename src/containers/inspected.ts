/** Docker's JSON → what we need of it. Engines differ in what they leave out: Podman has no health but ''. */
import { z } from 'zod';
import { statuses, type Container, type Happened } from './engine.js';

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform(value => value ?? {});

const binding = z.object({ HostIp: z.string().default(''), HostPort: z.string().default('') });

const attached = z.object({
  IPAddress: z.string().nullish(),
  GlobalIPv6Address: z.string().nullish(),
});

const inspected = z.object({
  Id: z.string().min(1),
  Name: z.string(),
  Created: z.string().default(''),
  State: z.object({
    Status: z.enum([...statuses, 'unknown']).catch('unknown'),
    ExitCode: z.int().catch(0),
    OOMKilled: z.boolean().catch(false),
    StartedAt: z.string().default(''),
    Health: z.object({ Status: z.string().default('') }).nullish(),
  }),
  Config: z.object({ Labels: labels, StopSignal: z.string().nullish() }),
  HostConfig: z.object({ NetworkMode: z.string().default('') }),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), attached).nullish(),
    Ports: z.record(z.string(), z.array(binding).nullish()).nullish(),
  }),
});

/** Throws a ZodError. */
export function containerOf(answer: unknown): Container {
  const { Id, Name, Created, State, Config, HostConfig, NetworkSettings } = inspected.parse(answer);
  const networks = Object.entries(NetworkSettings.Networks ?? {});
  const addresses = networks.flatMap(([name, { IPAddress, GlobalIPv6Address }]) => {
    const address = [IPAddress, GlobalIPv6Address].find(
      each => typeof each === 'string' && each !== '',
    );
    return typeof address !== 'string' ? [] : [[name, address] as const];
  });
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    labels: Config.Labels,
    status: State.Status,
    exitCode: State.ExitCode,
    ranOutOfMemory: State.OOMKilled,
    health: healthOf(State.Health?.Status ?? ''),
    created: Created,
    startedAt: State.StartedAt,
    networkMode: HostConfig.NetworkMode,
    addresses: Object.fromEntries(addresses),
    published: publishedBy(NetworkSettings.Ports ?? {}),
    stopSignal: Config.StopSignal ?? 'SIGTERM',
  };
}

function healthOf(status: string): Container['health'] {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none';
}

type Ports = NonNullable<z.output<typeof inspected>['NetworkSettings']['Ports']>;

/** `{"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}]}` */
const publishedBy = (ports: Ports): Container['published'] =>
  Object.entries(ports).flatMap(([name, bindings]) => {
    const [, port] = /^(\d+)\/tcp$/.exec(name) ?? [];
    return (bindings ?? []).flatMap(({ HostIp, HostPort }) => {
      const published = { port: Number(port), host: HostIp, hostPort: Number(HostPort) };
      return port === undefined || !(published.hostPort > 0) ? [] : [published];
    });
  });

const event = z.object({
  Type: z.literal('container'),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: labels }),
});

/** Undefined: nothing that concerns us. Health checks are `exec_…` events, many of them. */
export function happenedIn(value: unknown): Happened | undefined {
  const { success, data } = event.safeParse(value);
  if (!success || data.Action.startsWith('exec_')) return undefined;
  const { Action, Actor } = data;
  if (!isOurs(Actor.Attributes)) return undefined;
  const signal = Number(Actor.Attributes['signal']);
  return {
    container: Actor.ID,
    action: Action,
    signal: Number.isInteger(signal) && signal > 0 ? signal : undefined,
  };
}

/** Every label of ours begins so. */
export const PREFIX = 'cutover.';

export const isOurs = (all: Readonly<Record<string, string>>): boolean =>
  Object.keys(all).some(name => name.startsWith(PREFIX));
