#!/usr/bin/env node
// Plain JavaScript that any Node can parse: the machine's own may be older than the one that came with `npm ci`, which
// is the one that runs the TypeScript sources.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = new URL('../src/cli.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 9)) {
  await import(entry.href);
} else {
  runOn(installedNode());
}

function installedNode() {
  const found = ['../node_modules/node/bin/node', '../node_modules/.bin/node']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (found) return found;
  console.error(`mintmark needs Node 24.9 or later; this is ${process.versions.node}. Run npm ci, which brings it.`);
  process.exit(1);
}

/** @param {string} node */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(entry), ...process.argv.slice(2)], { stdio: 'inherit' });
  // `mintmark serve` drains on these: whoever started this process knows only its own pid. A terminal's Ctrl-C reaches
  // the child by itself, and a second one would cut the draining short.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('error', (error) => {
    console.error(`${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal) process.removeAllListeners(signal);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}
