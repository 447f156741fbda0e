import { field } from '#src/http/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { ShownSession } from '#src/pages/index.ts';
import type { ListedSession } from '#src/tokens/index.ts';
import { everyPage } from '../every-page.ts';
import type { AccountDeps } from '../index.ts';
import type { AccountPage } from '../page.ts';
import { deviceInWords, proofsInWords } from '../session-in-words.ts';

const PATH = '/account/sessions';

/** Where somebody is signed in. Signing out takes no fresh proof: who sees a stranger there should not have to wait. */
export function sessionsPage({ pages, sessionList }: AccountDeps): AccountPage {
  return {
    path: PATH,
    fresh: false,
    async show({ ctx, account, session, own }) {
      const listed = await everyPage((page) => sessionList.list(account.id, page));
      const sessions = listed.map((one) => toShown(one, session.uid));
      // This one first: the others are what somebody came to look at, in the order in which they were used.
      sessions.sort((a, b) => Number(b.isThis) - Number(a.isThis) || +b.lastUsedAt - +a.lastUsedAt);
      pages.render(ctx, 'account-sessions', { ...own, sessions });
    },
    async submit(visit, form) {
      const { account, session } = visit;
      if (form.action === 'end-others') {
        const ended = await sessionList.endAll(account.id, { except: session.uid });
        await visit.record('session.end', { data: { others: ended } });
        return { to: PATH, done: 'others-ended' };
      }
      const id = field(form, 'session');
      if (!(await sessionList.end(account.id, id))) throw new NotFound('session');
      await visit.record('session.end', { data: { session_id: id } });
      return { to: PATH, done: 'session-ended' };
    },
  };
}

function toShown(
  { id, kind, ip, userAgent, createdAt, lastUsedAt, amr }: ListedSession,
  present: string,
): ShownSession {
  return {
    id,
    device: deviceInWords({ kind, userAgent }),
    ip,
    by: proofsInWords(amr),
    createdAt,
    lastUsedAt,
    isThis: id === present,
  };
}
