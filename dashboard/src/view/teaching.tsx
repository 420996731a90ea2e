const FILE = `{
  "cluster": {
    "version": "2.0",
    "servers": [{ "ip": "127.0.0.1", "port": 9102 }],
    "upgradeTransition": { "mode": "GRADUAL", "duration": "10m" }
  }
}`;

/** What to do where nothing has happened yet. */
export function Teaching() {
  return (
    <div class="card teaching">
      <h3>Bring the next version</h3>
      <p>
        Start its servers, say where they are and how users shall move in a file such as{' '}
        <code>next.json</code>, and hand it over. The old version goes on serving; if the new one
        misbehaves, everybody is taken back to it.
      </p>
      <pre tabIndex={0} aria-label="next.json">
        <code>{FILE}</code>
      </pre>
      <pre tabIndex={0} aria-label="Command">
        <code>cutover deploy next.json -c cutover.json</code>
      </pre>
    </div>
  );
}
