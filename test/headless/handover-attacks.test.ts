import { describe, expect, test } from '@jest/globals';
import { registerClient, registerMachine, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { secondInstance } from '../support/server.ts';
import type { Page } from '../support/visitor.ts';
import {
  acceptLogin,
  backend,
  browser,
  type Flow,
  redirectOf,
  sessionFor,
  start,
  ticketOf,
  tokensOf,
  withLoginApplication,
} from './login-application.ts';

describe.each(ENGINES)('a login application’s answer is for the browser that asked, on %s', (engine) => {
  const application = withLoginApplication(engine);
  const app = () => registerClient(application().admin, { first_party: true });
  const person = () => registerUser(application().admin);
  const uidOf = (redirect: string) => new URL(redirect).pathname.split('/').at(-1) ?? '';

  function expectExpired(at: Page | URL): void {
    if (at instanceof URL) throw new Error(`went on to ${at.href}`);
    expect(at.status).toBe(400);
    expect(at.forms).toEqual([]);
  }

  test('who sends their own ticket to somebody else gets nothing of that person’s sign-in', async () => {
    // The attacker starts, and has the victim sign in with the attacker's ticket.
    const attacker = await start(application(), await app());
    const victim = browser();
    const redirect = await acceptLogin(
      application(),
      ticketOf(attacker.at),
      await sessionFor(application(), await person()),
    );
    // The victim's browser is sent back, and has no part in that authorization.
    expectExpired(await victim.open(redirect));
    // The attacker's browser has the cookie and lacks the verifier: it is where it was.
    const { origin, pathname } = new URL(redirect);
    const at = await attacker.visitor.open(origin + pathname);
    expect(ticketOf(at)).not.toBe(ticketOf(attacker.at));
    const guess = await attacker.visitor.open(`${origin}${pathname}?verifier=${'x'.repeat(43)}`);
    expect(ticketOf(guess)).toEqual(expect.any(String));
  });

  test('nobody is signed in as somebody else by a link', async () => {
    // The attacker signs in for themselves and has the victim follow the way back.
    const attacker = await start(application(), await app());
    const redirect = await acceptLogin(
      application(),
      ticketOf(attacker.at),
      await sessionFor(application(), await person()),
    );
    const victim = await start(application(), await app());
    expectExpired(await browser().open(redirect));
    expectExpired(await victim.visitor.open(redirect));
    // Under the victim's own interaction the attacker's verifier is worth nothing either.
    const own = await acceptLogin(application(), ticketOf(victim.at), await sessionFor(application(), await person()));
    const swapped = new URL(own);
    swapped.searchParams.set('verifier', new URL(redirect).searchParams.get('verifier') ?? '');
    ticketOf(await victim.visitor.open(swapped.href));
  });

  test('the way back works once', async () => {
    const flow = await start(application(), await app());
    const user = await person();
    const redirect = await acceptLogin(application(), ticketOf(flow.at), await sessionFor(application(), user));
    const callback = await flow.visitor.open(redirect);
    expectExpired(await flow.visitor.open(redirect));
    expect((await tokensOf(flow, callback)).claims()?.sub).toBe(user.id);
  });

  test('a ticket is answered once, and an older one of the same page not at all', async () => {
    const { api, server } = application();
    const flow = await start(application(), await app());
    const old = ticketOf(flow.at);
    const session_token = await sessionFor(application(), await person());
    const redirect = await acceptLogin(application(), old, session_token);
    for (const path of ['', '/accept-login', '/deny']) {
      const answer = path
        ? await api.post(`/authorizations/${old}${path}`, path === '/deny' ? {} : { session_token })
        : await api.get(`/authorizations/${old}`);
      expect({ path, status: answer.status }).toEqual({ path, status: 409 });
    }
    // Opened again, the page is about a new ticket, and what the old one was answered is void.
    const anew = ticketOf(await flow.visitor.open(`${server.issuer}/login/${uidOf(redirect)}`));
    expect((await api.get(`/authorizations/${old}`)).status).toBe(404);
    ticketOf(await flow.visitor.open(redirect));
    expect((await api.get(`/authorizations/${anew}`)).status).toBe(404);
  });

  test('of many who answer at once one is heard', async () => {
    const { api } = application();
    const flow = await start(application(), await app());
    const ticket = ticketOf(flow.at);
    const users = await Promise.all([person(), person(), person(), person()]);
    const sessions = await Promise.all(users.map((user) => sessionFor(application(), user)));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        api.post(`/authorizations/${ticket}/accept-login`, { session_token: sessions[i % sessions.length] }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)]);
    const winner = users[answers.indexOf(won[0] as (typeof answers)[number]) % users.length];
    const callback = await flow.visitor.open(redirectOf(won[0] as (typeof answers)[number]));
    expect((await tokensOf(flow, callback)).claims()?.sub).toBe(winner?.id);
  });

  test('consent is given by the user of this browser and nobody else', async () => {
    const { admin, api } = application();
    const flow = await start(application(), await registerClient(admin));
    const user = await person();
    const session = await sessionFor(application(), user);
    const ticket = ticketOf(await flow.visitor.open(await acceptLogin(application(), ticketOf(flow.at), session)));
    const session_token = await sessionFor(application(), await person());
    expect((await api.post(`/authorizations/${ticket}/accept-consent`, { session_token })).status).toBe(422);
    expect((await api.post(`/authorizations/${ticket}/accept-login`, { session_token })).status).toBe(409);
  });

  test('our own pages answer nothing any more', async () => {
    const flow: Flow = await start(application(), await app());
    const { server } = application();
    const redirect = await acceptLogin(
      application(),
      ticketOf(flow.at),
      await sessionFor(application(), await person()),
    );
    const address = `${server.issuer}/login/${uidOf(redirect)}`;
    const answer = await fetch(address, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: flow.visitor.cookies.header(address), origin: server.issuer },
      body: new URLSearchParams({ action: 'cancel' }),
    });
    expect(answer.headers.get('location')).toMatch(/^https:\/\/login\.example\/start\?tenant=a&authorization=/);
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('two instances behind one address', () => {
  const application = withLoginApplication('postgres');

  test('answer a ticket once between them, and either takes the browser back', async () => {
    const { server, admin, api } = application();
    const second = await secondInstance(server, { MINTMARK_LOGIN_URL: 'https://login.example/start?tenant=a' });
    const machine = await registerMachine(admin, 'authorizations:write');
    const apis = [api, await backend(second, machine)];
    for (let round = 0; round < 5; round += 1) {
      const flow = await start(application(), await registerClient(admin, { first_party: true }));
      const ticket = ticketOf(flow.at);
      const session_token = await sessionFor(application(), await registerUser(admin));
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          (apis[i % 2] as typeof api).post(`/authorizations/${ticket}/accept-login`, { session_token }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const redirect = redirectOf(answers.find(({ status }) => status === 200) as (typeof answers)[number]);
      await tokensOf(flow, await flow.visitor.open(redirect));
    }
  });
});
