/** The layouts of what the sockets hand over. */

/** STREAM: whom it comes from; no bytes: that client arrives or leaves. */
export type StreamFrames = readonly [routingId: Buffer, bytes: Buffer];

/** ROUTER: which worker; no bytes: it arrives or leaves (ZMQ_ROUTER_NOTIFY). */
export type RouterFrames = readonly [routingId: Buffer, packed: Buffer];

/** DEALER: one packed batch of envelopes. */
export type DealerFrames = readonly [packed: Buffer];
