const OPAQUE = /^[\w-]{43}(?:[\w-]{5})?$/;

/**
 * As codes and tokens look that are random, with or without a time before that: JWTs and references, known by something
 * else, have other characters.
 */
export const isOpaque = (value: string | undefined): boolean => value !== undefined && OPAQUE.test(value);
