/** Why a process cannot start, in words for the person who started it. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** 1: something on this machine is in the way. 2: wrong usage or configuration. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
