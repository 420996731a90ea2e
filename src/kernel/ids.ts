declare const brand: unique symbol;
type Branded<Base, Name> = Base & { readonly [brand]: Name };

/** One client connection of a frontend: the number in its STREAM routing id. */
export type ConnectionId = Branded<number, 'ConnectionId'>;
/** One exchange of a frontend, unique while the frontend lives. */
export type ExchangeId = Branded<number, 'ExchangeId'>;
/** One connection of a worker to a frontend, by its ROUTER routing id in hex. */
export type WorkerId = Branded<string, 'WorkerId'>;
/** One cluster: two clusters may run equal version numbers. */
export type VersionId = Branded<string, 'VersionId'>;
/** One client's requests with no pause longer than the session timeout. */
export type SessionId = Branded<string, 'SessionId'>;
/** A part of the whole: 0 to 1. */
export type Share = Branded<number, 'Share'>;

/** A STREAM routing id is a zero byte and a 32-bit number (libzmq, zmq_socket(3), ZMQ_STREAM). */
export const connectionId = (routingId: Buffer) => routingId.readUInt32BE(1) as ConnectionId;

export const exchangeId = (n: number) => n as ExchangeId;
export const isExchangeId = (value: unknown): value is ExchangeId =>
  Number.isSafeInteger(value) && (value as number) > 0;

export const workerId = (routingId: Buffer) => routingId.toString('hex') as WorkerId;
export const versionId = (text: string) => text as VersionId;
export const sessionId = (text: string) => text as SessionId;

/** What lies outside of 0 to 1 is brought to the nearer end. */
export const share = (n: number) => Math.min(1, Math.max(0, n)) as Share;
