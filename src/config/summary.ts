import { hostPort } from './address.js';
import type { Config } from './config.js';

/** What `cutover up` would start, in a few lines for people. `registryFile`: where it is if nobody says so. */
export function summary(config: Config, registryFile: string): string {
  const { proxy, configService, cluster, device, registry, frontends, workers } = config;
  const { servers, version, upgradeTransition } = cluster;
  const trusted =
    proxy.trusted === undefined ? '' : `, trusted senders on ${hostPort(proxy.trusted)}`;
  const devices =
    device.frontends.length === 0 ? 'in a private folder' : device.frontends.join(', ');
  const mode =
    upgradeTransition.mode === 'INSTANT'
      ? 'INSTANT'
      : `${upgradeTransition.mode}: everybody is served by it from the start`;
  const rows = {
    clients: `${hostPort(proxy)}${trusted}`,
    cluster: `version ${version} (${mode}) on ${servers.map(hostPort).join(', ')}`,
    processes: `${counted(frontends.count, 'frontend')}, ${counted(workers.count, 'worker')}`,
    device: devices,
    control:
      registry.kind === 'none'
        ? 'none (registry.kind): no upgrades by REST'
        : `REST API on ${hostPort(configService)}, registry ${placeOf(config, registryFile)}`,
  };
  return Object.entries(rows)
    .map(([name, value]) => `  ${name.padEnd(10)} ${value}\n`)
    .join('');
}

const placeOf = ({ registry }: Config, registryFile: string) =>
  registry.kind === 'etcd'
    ? `in etcd: ${(registry.endpoints ?? []).join(', ')}`
    : (registry.file ?? registryFile);

export const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
