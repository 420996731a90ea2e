import { hostPort } from './address.js';
import type { Config } from './config.js';

/** What `cutover up` would start, in a few lines for people. */
export function summary({ proxy, cluster, device, frontends, workers }: Config): string {
  const { servers, version, upgradeTransition } = cluster;
  const trusted =
    proxy.trusted === undefined ? '' : `, trusted senders on ${hostPort(proxy.trusted)}`;
  const devices =
    device.frontends.length === 0 ? 'in a private folder' : device.frontends.join(', ');
  const mode =
    upgradeTransition.mode === 'INSTANT'
      ? 'INSTANT'
      : `${upgradeTransition.mode}: not acted upon yet`;
  const rows = {
    clients: `${hostPort(proxy)}${trusted}`,
    cluster: `version ${version} (${mode}) on ${servers.map(hostPort).join(', ')}`,
    processes: `${counted(frontends.count, 'frontend')}, ${counted(workers.count, 'worker')}`,
    device: devices,
  };
  return Object.entries(rows)
    .map(([name, value]) => `  ${name.padEnd(10)} ${value}\n`)
    .join('');
}

export const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
