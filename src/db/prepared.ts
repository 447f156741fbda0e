/**
 * Statements are prepared once per connection: planning one of ours takes Postgres longer than running it. All SQL is
 * written as whole statements with parameters, so there are a few hundred texts however many requests.
 */
const MOST_PREPARED = 1_000;

const names = new Map<string, string>();

/**
 * The name that this text has on every connection; undefined: it is sent unprepared. Without parameters it is one that is
 * hardly repeated (`begin`, a vacuum), or several in one. Beyond so many texts somebody builds them out of values, and each
 * would cost every connection memory for ever.
 */
export function preparedAs(text: string, values: readonly unknown[]): string | undefined {
  if (values.length === 0) return undefined;
  const known = names.get(text);
  if (known !== undefined || names.size === MOST_PREPARED) return known;
  const name = `mintmark ${names.size}`;
  names.set(text, name);
  return name;
}
