/** The token of the API: kept as long as the tab is open, and in no other place. */
const KEY = 'cutover-token'; // public/api/start.js reads it as well

export const token = {
  get: (): string | undefined => sessionStorage.getItem(KEY) ?? undefined,
  keep: (value: string): void => sessionStorage.setItem(KEY, value),
  forget: (): void => sessionStorage.removeItem(KEY),
};

/** What callers must bring (RFC 6750 §2.1); nothing where there is no token. */
export function authorization(): Readonly<Record<string, string>> {
  const value = token.get();
  return value === undefined ? {} : { authorization: `Bearer ${value}` };
}
