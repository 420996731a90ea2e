/** Milliseconds of a clock that never jumps, and that all processes of this machine share (CLOCK_MONOTONIC). */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;
