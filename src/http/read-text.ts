import { malformed, type Problem, tooLarge, unsupportedMediaType } from './problem.ts';
import type { Context } from './state.ts';

/** More than any registration or user needs; less than what hurts to hold for every open connection. */
const BODY_LIMIT_BYTES = 64 * 1024;

const JSON_TYPES = new Set(['application/json', 'application/merge-patch+json']);

export const isJsonOf = (ctx: Context) => JSON_TYPES.has(mediaType(ctx)) && isUtf8(ctx);

export const isFormOf = (ctx: Context) => mediaType(ctx) === 'application/x-www-form-urlencoded' && isUtf8(ctx);

function mediaType(ctx: Context): string {
  return (ctx.get('content-type').split(';')[0] ?? '').trim().toLowerCase();
}

function isUtf8(ctx: Context): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(ctx.get('content-type'));
  return !charset || charset[1]?.toLowerCase() === 'utf-8';
}

/** @throws {Problem} */
export async function readText(ctx: Context): Promise<string> {
  if (!['', 'identity'].includes(ctx.get('content-encoding'))) {
    throw unsupportedMediaType('send the body without content-encoding');
  }
  const bytes = await readBytes(ctx);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('the body is not UTF-8');
  }
}

/** Stops keeping at the limit, and lets Node discard the rest so that the sender still reads our answer. */
function readBytes(ctx: Context): Promise<Buffer> {
  const { req } = ctx;
  if (Number(ctx.get('content-length')) > BODY_LIMIT_BYTES) return Promise.reject(tooLarge(BODY_LIMIT_BYTES));
  if (req.destroyed) return Promise.reject(malformed('the body ended before its time'));
  const chunks: Buffer[] = [];
  let size = 0;

  return new Promise((resolve, reject) => {
    const stop = () => req.off('data', keep).off('end', done).off('error', lost).off('close', lost);
    const refuse = (problem: Problem) => {
      stop().resume();
      reject(problem);
    };
    const keep = (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) refuse(tooLarge(BODY_LIMIT_BYTES));
      else chunks.push(chunk);
    };
    const done = () => {
      stop();
      resolve(Buffer.concat(chunks));
    };
    const lost = () => refuse(malformed('the body ended before its time'));
    req.on('data', keep).on('end', done).on('error', lost).on('close', lost);
  });
}
