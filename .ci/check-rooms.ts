/**
 * Checks who imports whom in src/ (`rooms.ts` is the plan) and prints every violation as `file:line rule`.
 *
 *     node .ci/check-rooms.ts [directory]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import {
  EMPTY_NAMES,
  FLOOR_OF,
  type Floor,
  MAY_IMPORT,
  MOST_LINES,
  PACKAGES,
  READS_CONFIG,
  TEXTS,
  WORDS,
} from './rooms.ts';
import { blankLiterals, type Import, importsOf, lineAt } from './scan.ts';

interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string;
  readonly source: string;
  readonly imports: readonly Import[];
}

interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
}

const src = resolve(process.argv[2] ?? 'src');
const files = read(src);
const violations = [...files.flatMap((file) => [...shape(file), ...texts(file), ...imports(file)]), ...cycles(files)];
for (const { path, line, rule } of violations) console.log(`${join(basename(src), path)}:${line} ${rule}`);
if (violations.length > 0) process.exitCode = 1;

function read(dir: string): SourceFile[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => {
      const source = readFileSync(join(dir, path), 'utf8');
      return { path, source, imports: importsOf(source) };
    });
}

function shape({ path, source }: SourceFile): Violation[] {
  const lines = source.split('\n').length - 1;
  const empty = path.split('/').find((part) => EMPTY_NAMES.test(part.replace(/\.ts$/, '')));
  return [
    ...(lines > MOST_LINES ? [{ path, line: lines, rule: `${lines} lines, at most ${MOST_LINES}` }] : []),
    ...(empty ? [{ path, line: 1, rule: `the name ${empty} does not say what is inside` }] : []),
    ...(floor(path) ? [] : [{ path, line: 1, rule: `${room(path)} is not a room of the plan (.ci/rooms.ts)` }]),
  ];
}

function texts({ path, source }: SourceFile): Violation[] {
  const code = blankLiterals(source);
  return TEXTS.filter(({ places }) => !places.test(path)).flatMap(({ what, pattern, in: where }) =>
    [...(where === 'code' ? code : source).matchAll(pattern)].map(({ index }) => ({
      path,
      line: lineAt(source, index),
      rule: what,
    })),
  );
}

function imports(file: SourceFile): Violation[] {
  return file.imports.flatMap((one) => {
    const target = targetOf(file.path, one.specifier);
    const rule = target === undefined ? packageRule(file.path, one.specifier) : roomRule(file.path, target, one);
    return rule ? [{ path: file.path, line: one.line, rule }] : [];
  });
}

function packageRule(path: string, specifier: string): string | undefined {
  const rule = PACKAGES.find(({ name }) => name.test(specifier));
  return rule && !rule.places.test(path) ? `${specifier} may not be imported here` : undefined;
}

function roomRule(path: string, target: string, one: Import): string | undefined {
  return specifierRule(path, target, one) ?? doorRule(path, target) ?? directionRule(path, target, one);
}

/** There is one way to write each import: relative within a room, `#src/` to another. */
function specifierRule(path: string, target: string, { specifier }: Import): string | undefined {
  if (!target.endsWith('.ts')) return `${specifier} needs its .ts`;
  // Files at the top of src/ are no room: they see every room beside them.
  if (!path.includes('/')) return undefined;
  const relative = specifier.startsWith('.');
  if (room(path) === room(target)) return relative ? undefined : 'own room: import by a relative path instead';
  return relative ? `another room: import #src/${target} instead` : undefined;
}

function doorRule(path: string, target: string): string | undefined {
  const there = room(target);
  if (room(path) === there || there === WORDS || !target.includes('/')) return undefined;
  if (basename(target) === 'queries.ts') return `the queries of ${there} are its own`;
  return target === `${there}/index.ts` ? undefined : `${there} is entered by its index.ts`;
}

function directionRule(path: string, target: string, { typeOnly }: Import): string | undefined {
  const [from, to] = [floor(path), floor(target)];
  if (!from || !to || room(path) === room(target)) return undefined;
  const passedIn = to === 'config' && !typeOnly && !READS_CONFIG.includes(from);
  if (passedIn) return 'config.ts is passed in here: import type';
  // A capability's routes.ts is the one place in it that speaks HTTP; `mintmark serve` is `npm start`.
  const exempt =
    (from === 'capability' && to === 'edge' && basename(path) === 'routes.ts') ||
    (path === 'cli/serve.ts' && target === 'main.ts');
  if (exempt || MAY_IMPORT[from].includes(to)) return undefined;
  return `${room(path)} (${from}) may not import ${room(target)} (${to})`;
}

/** Depth first along what is imported at run time; each cycle is reported once, where it closes. */
function cycles(all: readonly SourceFile[]): Violation[] {
  const byPath = new Map(all.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: Violation[] = [];

  function visit(path: string, trail: readonly string[]): void {
    for (const one of byPath.get(path)?.imports ?? []) {
      const target = targetOf(path, one.specifier);
      if (one.typeOnly || target === undefined || done.has(target)) continue;
      const start = [...trail, path].indexOf(target);
      if (start >= 0) {
        const rule = `cycle: ${[...[...trail, path].slice(start), target].join(' → ')}`;
        found.push({ path, line: one.line, rule });
      } else {
        visit(target, [...trail, path]);
      }
    }
    done.add(path);
  }

  for (const { path } of all) if (!done.has(path)) visit(path, []);
  return found;
}

/** The imported file relative to src/, or undefined when it is a package. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#src/')) return normalize(specifier.slice('#src/'.length));
  if (specifier.startsWith('.')) return normalize(join(dirname(path), specifier));
  return undefined;
}

function room(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? path;
}

function floor(path: string): Floor | undefined {
  const known = (FLOOR_OF as Record<string, Floor>)[room(path)];
  return known ?? (path.includes('/') ? undefined : 'startup');
}
