import { type Form, field } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import { proveIn } from '#src/sessions/index.ts';
import type { AccountDeps } from '../index.ts';
import { withFirstCodes } from '../new-codes.ts';
import { type AccountPage, REFUSED, type Visit } from '../page.ts';
import { refusal } from '../refusal.ts';

const NOT_ADDED: FormProblem = { field: 'passkey', words: 'That passkey could not be added. Please try again.' };

/** The ceremony is bound to the browser's session: an answer that was made for another one is no answer. */
export function passkeyAddPage(deps: AccountDeps): AccountPage {
  const { factors, pages } = deps;

  async function show({ ctx, account, session, own }: Visit, typed?: { name: string; problem: FormProblem }) {
    const options = JSON.stringify(await factors.webauthn.registrationOptions(account, session.uid));
    const data = { ...own, options, name: typed?.name, problem: typed?.problem };
    pages.render(ctx, 'account-passkey-add', data, typed ? REFUSED : 200);
  }

  async function register(visit: Visit, form: Form): Promise<FormProblem | undefined> {
    const { account, session } = visit;
    let id: string | undefined;
    const problem = await refusal('name', async () => {
      const response = field(form, 'passkey');
      id = (await factors.webauthn.register(account, session.uid, response, field(form, 'name')))?.id;
    });
    if (id) await proveIn(deps.sessionList, session, 'webauthn');
    const reason = problem ? 'invalid' : 'wrong_webauthn';
    await visit.record('passkey.register', id ? { data: { passkey: id } } : { reason });
    return problem ?? (id ? undefined : NOT_ADDED);
  }

  return {
    path: '/account/passkeys/add',
    fresh: true,
    show,
    async submit(visit, form) {
      const problem = await register(visit, form);
      if (!problem) return withFirstCodes(deps, visit, { to: '/account/passkeys', done: 'passkey-added' });
      await show(visit, { name: field(form, 'name'), problem });
      return undefined;
    },
  };
}
