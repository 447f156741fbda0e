/**
 * What stands on stdout. Values come from people the reader may not trust (any client names itself), so characters that
 * steer a terminal are shown as escapes instead of being obeyed.
 */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** A column wider than this is cut in tables; `get` and `--json` show everything. */
const WIDEST = 64;

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
type Shown = { readonly [member: string]: unknown };

export function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Any text, safe for a terminal. */
export function harmless(text: string): string {
  return text.replace(STEERING, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Any value in one line of text. */
export function plainly(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(nameOf).join(' ');
  return harmless(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Scopes and the like are told apart by their name; the rest of them is for `--json`. */
function nameOf(value: unknown): string {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : value;
  return plainly(name);
}

export function printJson(value: unknown): void {
  write(JSON.stringify(value, null, 2));
}

export function printRecord(record: Shown): void {
  const width = Math.max(...Object.keys(record).map((name) => name.length));
  for (const [name, value] of Object.entries(record)) write(`${name.padEnd(width)}  ${plainly(value)}`);
}

export function printTable(records: readonly Shown[], columns: readonly string[]): void {
  const rows = records.map((record) => columns.map((column) => cut(plainly(record[column]))));
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0)));
  for (const row of [columns.map((column) => column.toUpperCase()), ...rows]) {
    write(
      row
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

function cut(text: string): string {
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
}
