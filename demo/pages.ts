import { type Html, html } from './html.ts';

export interface SignedIn {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly accessToken: string;
  readonly expiresAt: Date;
  /** How often the refresh button was used. */
  readonly refreshed: number;
}

/** What the API said. */
export interface Outcome {
  readonly title: string;
  readonly status: number;
  readonly body: string;
}

function layout(content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Coffee App</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">☕ The Coffee App</a></header>
<main>${content}</main>
</body>
</html>`.markup;
}

export function homePage(notice?: string): string {
  return layout(html`
${notice ? html`<p class="notice" role="status">${notice}</p>` : ''}
<h1>Coffee, if we knew who you are</h1>
<p>This sample application asks Mintmark who you are and what it may do in your name.</p>
<p><a class="button" href="/sign-in">Sign in with Mintmark</a></p>`);
}

export function accountPage({ claims, scope, expiresAt, refreshed, accessToken }: SignedIn, outcome?: Outcome): string {
  const ends = expiresAt.toISOString();
  return layout(html`
<h1>You are signed in</h1>
${outcome ? result(outcome) : ''}
<section>
  <h2>The API</h2>
  <p>The coffee bar takes the access token without asking Mintmark: it checks the signature, the audience and the scope.</p>
  <div class="row">${button('/menu', 'See the menu')} ${button('/order', 'Order a coffee')}</div>
</section>
<section>
  <h2>The access token</h2>
  <p>Allows <code>${scope}</code><br>
  until <time datetime="${ends}">${ends}</time>.<br>
  Its signature ends in <code>${accessToken.slice(-12)}</code>${refreshed > 0 ? `, refreshed ${refreshed}×` : ''}.</p>
  <div class="row">${button('/refresh', 'Refresh')}</div>
</section>
<section>
  <h2>The ID token's claims</h2>
  <table>${Object.entries(claims).map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td><code>${inWords(value)}</code></td></tr>`,
  )}</table>
</section>
<div class="row">${button('/sign-out', 'Sign out')}</div>`);
}

export function errorPage(title: string, detail: string): string {
  return layout(html`<h1>${title}</h1><p>${detail}</p><p><a class="button" href="/">Back</a></p>`);
}

function result({ title, status, body }: Outcome): Html {
  return html`<section class="notice" role="status"><h2>${title}: ${status}</h2><pre>${body}</pre></section>`;
}

function button(action: string, label: string): Html {
  return html`<form method="post" action="${action}"><button class="button">${label}</button></form>`;
}

function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
