#!/usr/bin/env node
// Plain JavaScript that any Node can parse: the machine's own may be older than the one that came with `npm ci`, which
// is the one that runs the TypeScript sources. And what is found compiled needs no compiler: for TypeScript the runtime
// would load 15 MB of it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const entry = new URL('../src/cli.ts', import.meta.url);
const self = fileURLToPath(import.meta.url);
/**
 * Beside the program, and as safe as it is: what lies there is run. In a directory for everybody's temporary files anybody
 * could put it. Where this one cannot be written, nothing is kept, and each start takes longer.
 */
const compiled = fileURLToPath(new URL('../.cache/compiled', import.meta.url));
/**
 * What a busy server keeps. New objects begin in 4 MiB, where V8 would take 16, three times over; the heap may be twice what
 * was alive in it at its last cleaning, where it would be four times that. One arena for all threads: glibc has eight for each
 * core, and what one has freed the others do not get.
 */
const V8_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=100'];
const ALLOCATOR = { MALLOC_ARENA_MAX: '1' };
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 9)) {
  if (process.argv[2] === 'serve') withFlags();
  module.enableCompileCache(compiled);
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

/**
 * The same process once more, as V8 takes its flags at the beginning only. Workers get them from their primary, to which
 * they would lose their connection.
 */
function withFlags() {
  const { execArgv, execPath, argv, env } = process;
  if (execArgv.includes(V8_FLAGS[0]) || process.send) return;
  // Node ends with an abort, and a core of it holds our secrets, when what it shall run has gone; on Windows it cannot do it.
  if (process.platform === 'win32' || !existsSync(execPath)) return;
  process.execve?.(execPath, [execPath, ...execArgv, ...V8_FLAGS, ...argv.slice(1)], { ...ALLOCATOR, ...env });
}

/** @param {string} node */
function runOn(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
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
