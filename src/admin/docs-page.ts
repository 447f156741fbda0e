import { createHash } from 'node:crypto';
import type { OpenApi, Operation } from './openapi.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem; background: Canvas; color: CanvasText; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; }
table { width: 100%; border-collapse: collapse; }
td, th { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #8884; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.method { font-weight: 700; }
`;

/** The one inline style this page has, named by its digest: nothing else may be loaded or run. */
export const DOCS_CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The operations of the API for people, from the same document that programs read. */
export function docsPage({ info, paths }: OpenApi, openApiUrl: string): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const sections = [...Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')].map(
    ([tag, members]) => `
<h2 id="${html(tag)}">${html(tag)}</h2>
<table>
<thead><tr><th scope="col">Operation</th><th scope="col">What it does</th><th scope="col">Needs</th></tr></thead>
<tbody>${members.map(row).join('')}
</tbody></table>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(info.title)}</title>
<style>${STYLE}</style></head>
<body>
<main>
<h1>${html(info.title)}</h1>
<p>${html(info.description)}</p>
<p>Schemas of every body are in the <a href="${html(openApiUrl)}">OpenAPI document</a>.</p>${sections.join('')}
</main>
</body>
</html>
`;
}

function row({ method, path, operation }: { method: string; path: string; operation: Operation }): string {
  return `
<tr><td><code><span class="method">${method.toUpperCase()}</span> ${html(path)}</code></td><td>${html(operation.summary)}</td><td>${needs(operation)}</td></tr>`;
}

/** Which token: an access token with a scope, or the session token of somebody who is signed in. */
function needs({ security, description, 'x-session-token': session }: Operation): string {
  if (session !== undefined)
    return `<span title="${html(description ?? '')}">session token: ${html(String(session))}</span>`;
  const scopes = (security as { oauth2: string[] }[]).flatMap(({ oauth2 }) => oauth2);
  return scopes.length > 0 ? `<code>${html(scopes.join(' '))}</code>` : 'no token';
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
