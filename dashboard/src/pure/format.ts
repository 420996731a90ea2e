/** How numbers and times are written: short, in English, with a narrow choice of units. */

/** Three digits that count, thousands apart. */
const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const count = (value: number): string => whole.format(value);

/** Whole above a hundred: of 12,345 nobody wants to read 12,300. */
export const number = (value: number): string =>
  Math.abs(value) >= 100 ? whole.format(value) : digits.format(value);

export const counted = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** `value`: 0 to 100. What is there but tiny is not called nothing, nor what is nearly all, all. */
export function percent(value: number): string {
  if (value > 0 && value < 0.01) return '< 0.01 %';
  if (value < 100 && value > 99.9) return '> 99.9 %';
  return `${value >= 10 ? new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(value) : digits.format(value)} %`;
}

/** Milliseconds. */
export function milliseconds(value: number): string {
  if (value >= 10_000) return `${number(value / 1000)} s`;
  return value > 0 && value < 0.01 ? '< 0.01 ms' : `${number(value)} ms`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${number(value / 1024 ** power)} ${UNITS[power] ?? 'B'}`;
}

/** Each second. */
export const rate = (value: number): string => (value === 0 ? '0/s' : `${number(value)}/s`);

const two = (value: number): string => String(value).padStart(2, '0');

/** Of the day, where the reader is; `at`: milliseconds since 1970. */
export function clockTime(at: number, withSeconds = true): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

/** With the day, where that is another one than `now`. */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (Number.isNaN(then.getTime())) return '–';
  const day = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
  const isToday = then.toDateString() === today.toDateString();
  return isToday ? clockTime(at) : `${day} ${clockTime(at)}`;
}

/** Roughly, as people say it; `seconds` above 0. */
export function span(seconds: number): string {
  if (seconds < 90) return `${count(seconds)} s`;
  if (seconds < 90 * 60) return `${count(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${count(seconds / 3600)} h`;
  return `${count(seconds / 86_400)} days`;
}
