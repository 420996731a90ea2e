import { useEffect, useState } from 'preact/hooks';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'cutover-theme';
const next: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };

const kept = (): Theme => {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'auto';
};

/** `seen`: what the reader sees now; where it is `auto` the system decides, and may change its mind. */
export function useTheme(): {
  readonly theme: Theme;
  readonly seen: 'light' | 'dark';
  readonly toggle: () => void;
} {
  const [theme, setTheme] = useState(kept);
  const [systemIsDark, setSystemIsDark] = useState(() => system().matches);

  useEffect(() => {
    const query = system();
    const changed = () => setSystemIsDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);

  const seen = theme === 'auto' ? (systemIsDark ? 'dark' : 'light') : theme;
  // Before anything is drawn: charts read their colours from the page.
  document.documentElement.dataset['theme'] = seen;

  const toggle = () => {
    localStorage.setItem(KEY, next[theme]);
    setTheme(next[theme]);
  };
  return { theme, seen, toggle };
}

const system = () => window.matchMedia('(prefers-color-scheme: dark)');
