/** What every answer must be, whatever was asked. */
import { expect } from '@jest/globals';
import type { Received } from './wire.ts';

/** Traces of the inside: stack frames, paths, SQL, the names of what threw. */
const INSIDE =
  /\bat (async )?[\w.<>]+ \(|node_modules|\.ts:\d+|[A-Z]\w*Error:|\bselect .* from |PGlite|invalid input syntax/;

export function expectNothingInside({ status, text }: Received): void {
  expect({ status, text: status >= 500 ? text : '' }).toEqual({ status, text: '' });
  expect(status).toBeLessThan(500);
  expect(INSIDE.exec(text)?.[0]).toBeUndefined();
}

/** RFC 6749 §5.2: these characters and no others. */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

/** An OAuth answer to a program. */
export function expectOAuth(received: Received): void {
  expectNothingInside(received);
  if (received.status < 400) return;
  expect(received.type).toMatch(/^application\/json/);
  const body = JSON.parse(received.text);
  expect(body).toMatchObject({ error: expect.stringMatching(/^[a-z_]+$/) });
  expect(body.error_description ?? '').toMatch(DESCRIPTION);
}

/** An answer to a browser: a page or a redirect. What cannot even be decoded is not worth a page. */
export function expectPage(received: Received): void {
  expectNothingInside(received);
  if (received.status >= 300 && received.status < 400) expect(received.headers.location).toEqual(expect.any(String));
  else if (/^application\/json/.test(received.type)) expectOAuth(received);
  else expect(received.type).toMatch(/^(text\/html|text\/plain)/);
}

/** RFC 9457, as contract.md writes it. */
export function expectProblem(received: Received): void {
  expectNothingInside(received);
  if (received.status < 400) return;
  expect(received.type).toMatch(/^application\/problem\+json/);
  const { type, title, status, detail, errors } = JSON.parse(received.text);
  expect({ type, title, status, detail, errors }).toEqual({
    type: expect.any(String),
    title: expect.any(String),
    status: received.status,
    detail: expect.any(String),
    errors: expect.any(Array),
  });
  for (const fault of errors) expect(fault).toEqual({ path: expect.any(String), message: expect.any(String) });
}
