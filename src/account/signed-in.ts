import type { Context } from 'koa';
import { seeOther } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Engine } from './door.ts';

/** Our own pages and nothing else: what comes back in `state` came from outside. */
const OWN_PATH = /^\/account(?:\/[\w-]+)*$/;

/** Where the engine sends a browser that signed in for one of our pages, or did not want to. */
export function signedIn({ engine, pages }: { engine: Engine; pages: Pages }) {
  return async (ctx: Context): Promise<void> => {
    if (!(await engine.sessionOf(ctx))) return pages.render(ctx, 'account-signed-out', {});
    const { state, error } = ctx.query;
    // Who would not prove it again is still signed in, and the page they wanted would only ask once more.
    const goesOn = error === undefined && typeof state === 'string' && OWN_PATH.test(state);
    seeOther(ctx, goesOn ? state : '/account');
  };
}
