import type { Client, Clients } from '#src/clients/index.ts';
import type { Form } from './form.ts';

const SECRET_METHODS = new Set(['client_secret_basic', 'client_secret_post']);
/** What the engine takes for Base64; a decoder takes more. */
const BASIC = /^Basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?)$/;
/** RFC 6749 §2.3.1, as clients of ours need it: ids and secrets that are the same escaped and unescaped. */
const CREDENTIALS = /^([\w.~-]{1,128}):([\w.~-]{1,256})$/;

/** The client that proved itself by its secret, in exactly one way; undefined: by none, or not in these two. */
export async function authenticateClient(
  clients: Clients,
  form: Form,
  authorization: string | undefined,
): Promise<{ client: Client } | undefined> {
  const credentials = authorization === undefined ? fromForm(form) : fromHeader(form, authorization);
  const client = credentials && (await clients.find(credentials.id));
  if (!client || client.disabled) return undefined;
  if (!SECRET_METHODS.has(client.registration.token_endpoint_auth_method)) return undefined;
  return clients.verifySecret(client, credentials.secret) ? { client } : undefined;
}

/** The grant type is the client's, and its tokens are bound to no key: proofs of one are the engine's. */
export function mayUse(grantType: Client['registration']['grant_types'][number], { registration }: Client): boolean {
  return registration.grant_types.includes(grantType) && !registration.dpop_bound_access_tokens;
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

function fromHeader(form: Form, authorization: string): Credentials | undefined {
  const [, encoded = ''] = BASIC.exec(authorization) ?? [];
  const [, id, secret] = CREDENTIALS.exec(Buffer.from(encoded, 'base64').toString('latin1')) ?? [];
  if (id === undefined || secret === undefined || form.has('client_secret')) return undefined;
  return (form.get('client_id') ?? id) === id ? { id, secret } : undefined;
}

function fromForm(form: Form): Credentials | undefined {
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  return id && secret ? { id, secret } : undefined;
}
