import { lookup } from 'node:dns/promises';
import type { Resolve } from './names.js';

/** As every program of this machine does: /etc/hosts, and then whatever name service it has. */
export const systemResolve: Resolve = async name =>
  (await lookup(name, { all: true })).map(({ address }) => address);
