import { statusClasses } from '../wire/measures.js';

/** The place in `statusClasses` of a status; of none, or of what is no status, that of `none`. */
export function classIndexOf(status: number | undefined): number {
  if (status === undefined) return 0;
  const hundreds = Math.floor(status / 100);
  return hundreds > 0 && hundreds < statusClasses.length ? hundreds : 0;
}
