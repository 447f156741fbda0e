/** A sample application: signs people in with Mintmark, and calls an API in their name. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createCoffeeBar } from './coffee-bar.ts';
import { accountPage, errorPage, homePage } from './pages.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSignIn, type SignIn, type SignInOptions } from './sign-in.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}
type Routes = Record<string, (exchange: Exchange) => Promise<void> | void>;

const STYLE = readFileSync(new URL('./style.css', import.meta.url));

export async function startApp(options: SignInOptions & { readonly port: number }): Promise<Server> {
  const bar = createCoffeeBar(options.issuer, options.audience);
  const routes = {
    ...appRoutes(createSessions(), await createSignIn(options), options.audience),
    'GET /api/coffee': ({ request, response }: Exchange) => bar(request, response),
    'POST /api/coffee': ({ request, response }: Exchange) => bar(request, response),
    'GET /style.css': ({ response }: Exchange) => void response.setHeader('content-type', 'text/css').end(STYLE),
  };
  const server = createServer((request, response) => handle(routes, options, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, '127.0.0.1', resolve);
  });
  return server;
}

async function handle(
  routes: Routes,
  { url: base, issuer }: SignInOptions,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const url = new URL(request.url ?? '/', base);
  const route = `${request.method} ${url.pathname}`;
  // form-action also judges where the answer to a form redirects: signing out goes on to the server.
  const policy = `default-src 'none'; style-src 'self'; form-action 'self' ${issuer}; frame-ancestors 'none'`;
  response.setHeader('content-security-policy', policy).setHeader('cache-control', 'no-store');
  try {
    if (Object.hasOwn(routes, route)) await routes[route]?.({ request, response, url });
    else page(response, errorPage('Not here', 'There is no such page.'), 404);
  } catch (error) {
    page(response, errorPage('That did not work', error instanceof Error ? error.message : String(error)), 502);
  }
}

function appRoutes(sessions: Sessions, signIn: SignIn, audience: string): Routes {
  async function order({ request, response }: Exchange, title: string, method: string): Promise<void> {
    const { granted } = sessions.read(request);
    if (!granted) return redirect(response, '/');
    const headers = { authorization: `Bearer ${granted.accessToken}` };
    const answer = await fetch(`${audience}/coffee`, { method, headers });
    const body = JSON.stringify(await answer.json(), null, 2);
    page(response, accountPage(granted, { title, status: answer.status, body }));
  }

  return {
    'GET /'({ request, response }) {
      const { granted } = sessions.read(request);
      page(response, granted ? accountPage(granted) : homePage());
    },
    async 'GET /sign-in'({ request, response }) {
      const { to, checks } = await signIn.begin();
      sessions.write(request, response, { checks });
      redirect(response, to.href);
    },
    async 'GET /callback'({ request, response, url }) {
      const { checks } = sessions.read(request);
      if (!checks) return page(response, errorPage('Too late', 'No sign-in is under way in this browser.'), 400);
      sessions.end(request, response);
      if (url.searchParams.get('error') === 'access_denied')
        return page(response, homePage('You said no. That is fine.'));
      sessions.write(request, response, { granted: await signIn.finish(url, checks) });
      redirect(response, '/');
    },
    'POST /menu': (exchange) => order(exchange, 'The menu', 'GET'),
    'POST /order': (exchange) => order(exchange, 'Your order', 'POST'),
    async 'POST /refresh'({ request, response }) {
      const { granted } = sessions.read(request);
      if (granted) sessions.write(request, response, { granted: await signIn.refresh(granted) });
      redirect(response, '/');
    },
    'POST /sign-out'({ request, response }) {
      const { granted } = sessions.read(request);
      sessions.end(request, response);
      redirect(response, granted ? signIn.leave(granted).href : '/');
    },
    'GET /signed-out': ({ response }) => page(response, homePage('You are signed out of the Coffee App.')),
  };
}

function page(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(body);
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { location: to }).end();
}
