import type { ErrorCode } from './errors.js';
import type { Distance } from './place.js';

/**
 * Everything that happens and that somebody may want to know. Parts report events; src/log.ts turns
 * them into log lines. No secrets, no bodies, no field values in here,
 * but for ids of requests, which have been checked.
 */
export type CutoverEvent =
  // frontend
  | { readonly type: 'frontend-listening'; readonly address: string; readonly device: string }
  | { readonly type: 'frontend-draining'; readonly exchanges: number; readonly connections: number }
  | { readonly type: 'frontend-stopped' }
  | {
      readonly type: 'worker-joined';
      readonly worker: string;
      readonly name: string;
      /** From the frontend to it. */
      readonly distance: Distance;
    }
  | { readonly type: 'worker-left'; readonly worker: string; readonly name: string }
  | {
      readonly type: 'worker-lost';
      readonly worker: string;
      readonly name: string;
      readonly because: string;
      /** Requests that were in flight: sent to another worker, and answered with an error. */
      readonly repeated: number;
      readonly failed: number;
    }
  | {
      readonly type: 'request-refused';
      readonly code: ErrorCode;
      readonly because: string;
      /** Undefined: its head was none, or requests have no ids (`telemetry.ids`). */
      readonly requestId?: string | undefined;
    }
  | { readonly type: 'access-log-failed'; readonly file: string; readonly because: string }
  /** The disk, or whoever reads the log, was too slow. */
  | { readonly type: 'access-log-dropped'; readonly file: string; readonly lines: number }
  | { readonly type: 'connections-full'; readonly limit: number }
  | { readonly type: 'spool-failed'; readonly because: string }
  // both ends of the device
  | { readonly type: 'peer-refused'; readonly peer: string; readonly because: string }
  /** Somebody with a key that is not believed wanted to connect to one of our addresses. */
  | {
      readonly type: 'key-refused';
      /** Ours. */
      readonly link: string;
      /** Its public key, in Z85. */
      readonly key: string;
      /** Its IP address. */
      readonly from: string;
      /** How many more were turned away since the last such event. */
      readonly untold: number;
    }
  /** Somebody listens at an address to which we connect, but does not talk to us. */
  | { readonly type: 'turned-away'; readonly address: string; readonly because: string }
  /** Beyond this machine, and without keys: because security.insecure allows it. */
  | { readonly type: 'links-insecure'; readonly addresses: readonly string[] }
  /** It cannot be looked up; told once, until it can. */
  | { readonly type: 'name-unknown'; readonly name: string; readonly because: string }
  /** Somebody is registered at an address to which we must not connect. */
  | { readonly type: 'address-refused'; readonly address: string; readonly because: string }
  /** Others than those of this machine do not find us: we are bound to an address of its own. */
  | { readonly type: 'not-registered'; readonly address: string }
  /** Of the list of those who live: while it cannot be asked, links stay as they are. */
  | { readonly type: 'directory-lost'; readonly because: string }
  | { readonly type: 'directory-found' }
  // worker
  | {
      readonly type: 'worker-waiting';
      readonly name: string;
      readonly frontends: readonly string[];
    }
  | { readonly type: 'worker-ready'; readonly name: string; readonly frontends: readonly string[] }
  | { readonly type: 'worker-draining'; readonly exchanges: number }
  | { readonly type: 'worker-stopped'; readonly name: string }
  | { readonly type: 'frontend-joined'; readonly frontend: string }
  | { readonly type: 'frontend-left'; readonly frontend: string }
  | { readonly type: 'frontend-lost'; readonly frontend: string; readonly because: string }
  | { readonly type: 'server-refused'; readonly server: string; readonly because: string }
  /** It fails too often, and is left out for so many milliseconds. */
  | {
      readonly type: 'server-ejected';
      readonly server: string;
      readonly ms: number;
      /** For what other workers have seen. */
      readonly isTold: boolean;
    }
  | { readonly type: 'server-admitted'; readonly server: string }
  | {
      readonly type: 'exchange-failed';
      readonly server: string | undefined;
      readonly method: string;
      readonly code: ErrorCode;
      readonly because: string;
      readonly requestId?: string | undefined;
    }
  /** Spans could not be sent, for the first time since it went well, or a minute after it was said. */
  | { readonly type: 'spans-lost'; readonly endpoint: string; readonly because: string }
  // worker and control
  | { readonly type: 'table-taken'; readonly edition: number; readonly versions: readonly string[] }
  | { readonly type: 'announcement-refused'; readonly because: string }
  // control
  | {
      readonly type: 'control-listening';
      readonly address: string;
      readonly announcements: string;
      /** The path of its file. */
      readonly registry: string;
      readonly edition: number;
    }
  | { readonly type: 'control-stopped' }
  /** The configuration's cluster is another one than the registry began with: what the registry says counts. */
  | { readonly type: 'cluster-ignored'; readonly version: string; readonly edition: number }
  | {
      readonly type: 'version-changed';
      /** Its number. */
      readonly version: string;
      readonly id: string;
      /** `added`, `demoted` …: what happened to it. */
      readonly what: string;
      readonly because: string | undefined;
    }
  | { readonly type: 'registry-failed'; readonly because: string }
  /** It cannot be reached: told once, until it is found. */
  | { readonly type: 'registry-lost'; readonly because: string }
  | { readonly type: 'registry-awaited'; readonly because: string }
  | { readonly type: 'registry-found' }
  /** Of the controls that share a registry; `isOurs`: this one leads. */
  | { readonly type: 'leader-changed'; readonly leader: string; readonly isOurs: boolean }
  /** By this control: another one sees more than twice as many workers. */
  | { readonly type: 'lead-given-up' }
  /** Of an engine of containers: until it can be asked again, everything stays as it is. */
  | { readonly type: 'engine-lost'; readonly engine: string; readonly because: string }
  | { readonly type: 'engine-found'; readonly engine: string; readonly containers: number }
  /** `about`: a container's name, or a version. */
  | { readonly type: 'container-notice'; readonly about: string; readonly because: string }
  | { readonly type: 'servers-changed'; readonly version: string; readonly servers: number }
  | { readonly type: 'image-pulled'; readonly image: string }
  | { readonly type: 'container-started'; readonly container: string; readonly image: string }
  | { readonly type: 'container-removed'; readonly container: string }
  /** What control had learned before it was restarted cannot be used. */
  | { readonly type: 'learned-ignored'; readonly file: string; readonly because: string }
  | {
      readonly type: 'registry-damaged';
      readonly file: string;
      readonly because: string;
      /** Where a copy was put aside; undefined: there is none. */
      readonly copy: string | undefined;
      readonly edition: number | undefined;
    }
  | { readonly type: 'follower-joined'; readonly name: string; readonly edition: number }
  | { readonly type: 'follower-left'; readonly name: string }
  // supervisor
  | { readonly type: 'role-started'; readonly role: string; readonly pid: number }
  | { readonly type: 'role-ready'; readonly role: string; readonly pid: number }
  | {
      readonly type: 'role-ended';
      readonly role: string;
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Milliseconds until it is started again; undefined when it is meant to end. */
      readonly restartIn: number | undefined;
    }
  | { readonly type: 'supervisor-ready'; readonly address: string }
  | { readonly type: 'supervisor-reloaded'; readonly version: string }
  | { readonly type: 'reload-refused'; readonly because: string }
  | { readonly type: 'supervisor-stopping'; readonly signal: string }
  // anywhere
  | { readonly type: 'fault'; readonly where: string; readonly cause: unknown };

export type Report = (event: CutoverEvent) => void;
