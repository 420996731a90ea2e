import { createContext } from 'preact';

/** What the reader sees: charts are drawn anew when it changes. */
export const ThemeContext = createContext<'light' | 'dark'>('light');
