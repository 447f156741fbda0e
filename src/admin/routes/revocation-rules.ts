import { z } from 'zod';
import { LISTED_KINDS, type RevocationRule, type RevocationRules } from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { timestamp } from '../members.ts';
import { pageOf, pageQuery, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';

const conditions = {
  user_id: z.uuid(),
  client_id: z.string().min(1).max(128),
  scope: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be the name of one scope')
    .meta({ description: 'One scope; tokens that hold others too are matched' }),
  audience: z
    .string()
    .min(1)
    .max(500)
    .meta({ description: 'An API; codes and refresh tokens that can yield tokens for it are matched too' }),
  kind: z.enum(LISTED_KINDS).meta({ description: 'Left out: codes and refresh tokens as well as access tokens' }),
};

const newRule = z
  .strictObject({
    ...z.object(conditions).partial().shape,
    issued_before: timestamp.optional().meta({ description: 'Left out: now' }),
    reason: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters'),
    dry_run: z.boolean().optional().meta({ default: false, description: 'Only count' }),
  })
  .meta({
    id: 'NewRevocationRule',
    description: 'At least one of user_id, client_id, scope, audience and kind; all that are given must hold',
  });

const matches = z.int().nullable().meta({ description: 'Tokens that lived until now; null: too many to count' });
const madeRule = z
  .object({ id: z.string().nullable().meta({ description: 'null: counted only' }), matches })
  .meta({ id: 'MadeRevocationRule' });

const rule = z
  .object({
    id: z.string(),
    user_id: z.string().nullable(),
    client_id: z.string().nullable(),
    scope: z.string().nullable(),
    audience: z.string().nullable(),
    kind: conditions.kind.nullable(),
    issued_before: timestamp,
    reason: z.string(),
    created_by: z.string().meta({ description: 'client:<id> or user:<id>' }),
    created_at: timestamp,
    expires_at: timestamp.meta({ description: 'When nothing it can match is left; soon after it is gone' }),
  })
  .meta({ id: 'RevocationRule' });
const rulePage = pageOf('RevocationRulePage', rule);

export function revocationRuleRoutes(rules: RevocationRules): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/revocation-rules',
      scope: 'tokens:read',
      summary: 'List revocation rules that are in force',
      query: pageQuery,
      status: 200,
      result: rulePage,
      handle: ({ query }) => readPage(rules.list, query, toWire),
    }),
    route({
      method: 'POST',
      path: '/revocation-rules',
      scope: 'tokens:write',
      summary: 'Take back every matching token issued before a moment, however many; or only count them',
      audit: 'revocation_rule.create',
      target: (_, made) => (made?.id ? `revocation_rule:${made.id}` : undefined),
      details: ({ body }, { matches: counted }) => ({ ...body, matches: counted }),
      body: newRule,
      status: 201,
      makesNothing: 'Counted only',
      result: madeRule,
      location: ({ id }) => (id === null ? undefined : `/revocation-rules/${id}`),
      async handle({ body: { reason, dry_run, ...given }, by }) {
        if (dry_run) return { id: null, matches: await rules.count(toConditions(given)) };
        const made = await rules.create({ ...toConditions(given), reason, by });
        return { id: made.rule.id, matches: made.matches ?? null };
      },
    }),
    route({
      method: 'GET',
      path: '/revocation-rules/:id',
      scope: 'tokens:read',
      summary: 'Read a revocation rule',
      status: 200,
      result: rule,
      handle: async ({ params }) => toWire(found('revocation rule', await rules.find(params.id))),
    }),
  ];
}

function toConditions(wire: Omit<z.output<typeof newRule>, 'reason' | 'dry_run'>) {
  return {
    accountId: wire.user_id,
    clientId: wire.client_id,
    scope: wire.scope,
    audience: wire.audience,
    kind: wire.kind,
    issuedBefore: wire.issued_before === undefined ? undefined : new Date(wire.issued_before),
  };
}

function toWire(present: RevocationRule): z.output<typeof rule> {
  return {
    id: present.id,
    user_id: present.accountId ?? null,
    client_id: present.clientId ?? null,
    scope: present.scope ?? null,
    audience: present.audience ?? null,
    kind: present.kind ?? null,
    issued_before: present.issuedBefore.toISOString(),
    reason: present.reason,
    created_by: present.createdBy,
    created_at: present.createdAt.toISOString(),
    expires_at: present.expiresAt.toISOString(),
  };
}
