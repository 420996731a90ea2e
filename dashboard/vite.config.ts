import { cp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const built = fileURLToPath(new URL('../dist/dashboard', import.meta.url));

/** Of swagger-ui-dist: the page that uses them is ours (public/api). */
const VIEWER = ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE'];

/**
 * Control serves the folder as `/dashboard/`, or a proxy serves it below a path of its own: so addresses are
 * relative. The folder is not emptied whole: tsc puts what unit tests need of dashboard/src there.
 */
export default defineConfig({
  root: here,
  base: './',
  build: {
    outDir: built,
    emptyOutDir: false,
    target: 'es2022',
    // Fonts and pictures as `data:` would be refused by the policy that control sends.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  plugins: [ofLastTime(), apiViewer()],
});

function ofLastTime(): Plugin {
  return {
    name: 'remove-what-was-built-last-time',
    apply: 'build',
    async buildStart() {
      for (const made of ['assets', 'api', 'index.html', 'icon.svg']) {
        await rm(join(built, made), { recursive: true, force: true });
      }
    },
  };
}

function apiViewer(): Plugin {
  return {
    name: 'copy-the-api-viewer',
    apply: 'build',
    async closeBundle() {
      const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
      for (const name of VIEWER) await cp(join(from, name), join(built, 'api', name));
    },
  };
}
