/** Well-known proxies, each set up as its own manual advises for keep-alive to the server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOOPBACK, freePort } from '../system/free-port.js';
import { isInstalled, started } from '../system/program.js';
import type { Contender } from './contender.js';

/** No more processes or threads than one: Cutover's frontend and worker have one core each at most. */
export const nginx: Contender = {
  name: 'nginx',
  missing: isInstalled('nginx', '-v') ? undefined : 'nginx is not installed',
  async start({ server, folder }) {
    const port = await freePort();
    const upstream = `upstream servers { server ${LOOPBACK}:${server}; keepalive 512; }`;
    const location = `location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }`;
    const http = `${upstream} server { listen ${LOOPBACK}:${port} backlog=4096; ${location} }`;
    return startedNginx(port, folder, http);
  },
};

/** nginx with everything that it writes in `folder`. */
export async function startedNginx(port: number, folder: string, http: string) {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${folder}/${name}-${port};`)
    .join(' ');
  const file = join(folder, `nginx-${port}.conf`);
  const lines = [
    // As root, nginx gives its workers to `nobody`, who cannot look into our folder.
    process.getuid?.() === 0 ? 'user root;' : '',
    'worker_processes 1;',
    `pid ${folder}/nginx-${port}.pid;`,
    'error_log stderr error;',
    'worker_rlimit_nofile 20000;',
    'events { worker_connections 16384; }',
    `http { access_log off; keepalive_requests 1000000000; client_max_body_size 0; ${paths} ${http} }`,
  ];
  await writeFile(file, lines.join('\n'));
  const args = ['-p', folder, '-c', file, '-g', 'daemon off;'];
  return started({ command: 'nginx', args, port, folder });
}

export const haproxy: Contender = {
  name: 'HAProxy',
  missing: isInstalled('haproxy', '-v') ? undefined : 'haproxy is not installed',
  async start({ server, folder }) {
    const port = await freePort();
    const file = join(folder, `haproxy-${port}.cfg`);
    const lines = [
      'global',
      '  nbthread 1',
      '  maxconn 9000',
      'defaults',
      '  mode http',
      '  timeout connect 3s',
      '  timeout client 75s',
      '  timeout server 60s',
      '  http-reuse always',
      'frontend clients',
      `  bind ${LOOPBACK}:${port} backlog 4096`,
      '  default_backend servers',
      'backend servers',
      `  server one ${LOOPBACK}:${server}`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return started({ command: 'haproxy', args: ['-db', '-f', file], port, folder });
  },
};

export const caddy: Contender = {
  name: 'Caddy',
  missing: isInstalled('caddy', 'version') ? undefined : 'caddy is not installed',
  async start({ server, folder }) {
    const port = await freePort();
    const file = join(folder, `Caddyfile-${port}`);
    const proxy = `reverse_proxy ${LOOPBACK}:${server} {
      transport http {
        keepalive_idle_conns_per_host 512
      }
    }`;
    await writeFile(
      file,
      `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://:${port} {
  ${proxy}
}
`,
    );
    const args = ['run', '--config', file, '--adapter', 'caddyfile'];
    // Where it would otherwise keep certificates and its last configuration.
    const environment = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    return started({ command: 'caddy', args, port, folder, environment });
  },
};
