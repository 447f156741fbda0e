/**
 * Whether who asks has this copy already (RFC 9110 §13.1.2). Koa's `fresh` would send everything to who adds
 * `Cache-Control: no-cache`, as `fetch` does to any request that is conditional.
 *
 * @param condition the If-None-Match header, '' without one
 */
export function hasCopy(condition: string, etag: string): boolean {
  return condition.split(',').some((known) => ['*', etag].includes(known.trim().replace(/^W\//, '')));
}
