/** Where control keeps what must outlive it: files of its own, or etcd, which it shares with other controls. */
import { hostname } from 'node:os';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { StartError } from '../kernel/start-error.js';
import { openFileRegistry } from '../registry/file.js';
import { alone, type Leadership } from '../registry/leadership.js';
import type { Registry } from '../registry/registry.js';
import { fileOf, type LearnedPlace } from './learned-place.js';

export interface StoresOptions {
  readonly config: Config;
  /** Where followers on other machines find us, if they do. */
  readonly reachedAt?: string | undefined;
  /** Of this control. */
  readonly name: string;
  readonly clock: Clock;
  readonly report: Report;
}

export interface Stores {
  readonly registry: Registry;
  readonly learned: LearnedPlace;
  readonly leadership: Leadership;
  /** For people. */
  readonly name: string;
  /** Milliseconds between two writes of the same thing, while nothing but numbers changes. */
  readonly pace: Pace;
  /** Milliseconds in which it is asked again at the start, if it cannot be reached. */
  readonly patience: number;
  close(): Promise<void>;
}

export interface Pace {
  readonly share: number;
  readonly learned: number;
}

/** Throws StartError. */
export async function openedStores(options: StoresOptions): Promise<Stores> {
  try {
    return options.config.registry.kind === 'etcd' ? await inEtcd(options) : await inFiles(options);
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(messageOf(cause), 1, { cause });
  }
}

const OFTEN: Pace = { share: 0, learned: 5000 };

async function inFiles({ config }: StoresOptions): Promise<Stores> {
  const { file } = config.registry;
  if (file === undefined) throw new StartError('control needs registry.file', 2);
  const registry = await openFileRegistry(file);
  const learned = fileOf(`${file}.learned`);
  const close = () => registry.close();
  return { registry, learned, leadership: alone, name: file, pace: OFTEN, patience: 0, close };
}

/** etcd keeps every value that there ever was until it is told to compact its history. */
const SELDOM: Pace = { share: 10_000, learned: 30_000 };

const PATIENCE = 15_000;

async function inEtcd(options: StoresOptions): Promise<Stores> {
  const { config, reachedAt: address } = options;
  const { openEtcdStore } = await import('../registry/etcd-store.js');
  const about = { ...(address !== undefined && { address }), host: hostname() };
  const store = await openEtcdStore({ ...options, config: config.registry, about });
  return {
    ...store,
    name: store.place,
    pace: SELDOM,
    patience: PATIENCE,
    async close() {
      await store.leadership.close();
      await store.registry.close();
      store.close();
    },
  };
}
