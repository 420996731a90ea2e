/** A running frontend or worker, as its process sees it. */
export interface Role {
  /**
   * Drains: takes nothing new, finishes what is in flight up to `timeouts.drain`, tunnels up to
   * `timeouts.drainTunnel`, then closes.
   * Calling it again changes nothing.
   */
  stop(): Promise<void>;
  /** Settles when the role has stopped; rejects if it could not go on. */
  readonly stopped: Promise<void>;
}
