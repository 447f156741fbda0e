/** Personal access tokens on the wire, as their owners and as administrators see them. */
import { z } from 'zod';
import { LONGEST_OVERLAP, type NewPat, PAT_POSITION, PAT_STATUSES, type Pat } from '#src/pats/index.ts';
import { timestamp } from './members.ts';
import { pageQueryOf } from './pages.ts';

/** How much of a name, scope or identifier is read before a rule says no: answers repeat what was wrong. */
const LONGEST = 256;

const DAYS = { type: 'integer', minimum: 1, maximum: 90 } as const;

export const newPatMembers = {
  name: z.string().meta({ description: 'What its owner knows it by: 1 to 100 visible characters' }),
  scopes: z.array(z.string().max(LONGEST)).max(100).meta({ description: 'At least one scope of the API' }),
  audience: z.string().max(2048).meta({ description: "The API's identifier" }),
  // How many there may be is a matter of settings and policy: they say no, in days.
  expires_in_days: z
    .number()
    .optional()
    .meta({ ...DAYS, description: 'Whole days; without it, the default' }),
  format: z
    .enum(['opaque', 'jwt'])
    .optional()
    .meta({ default: 'opaque', description: 'jwt: for APIs that verify offline' }),
};

type NewPatWire = z.output<z.ZodObject<typeof newPatMembers>>;

export const toNewPat = ({ name, scopes, audience, expires_in_days, format = 'opaque' }: NewPatWire): NewPat => ({
  name,
  scopes,
  audience,
  expiresInDays: expires_in_days,
  format,
});

export const rotation = z
  .strictObject({
    overlap: z
      .int()
      .min(0)
      .max(LONGEST_OVERLAP)
      .optional()
      .meta({ default: 0, description: 'Seconds that the old one lives on' }),
  })
  .meta({ id: 'PatRotation' });

export const patShape = {
  id: z.string().meta({ description: 'Names the token here and opens nothing' }),
  name: z.string(),
  scopes: z.array(z.string()).meta({ description: 'As given; those its API no longer has count for nothing' }),
  audience: z.string(),
  format: z.enum(['opaque', 'jwt']),
  created_at: timestamp,
  expires_at: timestamp,
  last_used_at: timestamp.nullable().meta({ description: 'To the minute or two; null: never' }),
  last_used_ip: z.string().nullable().meta({ description: 'Of a use at this server' }),
  ip: z.string().nullable().meta({ description: 'From where it was made' }),
  user_agent: z.string().nullable(),
  status: z.enum(PAT_STATUSES as [Pat['status'], ...Pat['status'][]]).meta({
    description:
      'replaced: by its successor, and the time both were good is over; suspended: good for nothing while none are accepted, at all or of its owner, or its API has none of its scopes',
  }),
  replaced_at: timestamp.nullable(),
};

/** In the answer that makes it, and in no other. */
export const shownOnce = { token: z.string().meta({ description: 'Its value: it is not shown again' }) };

export const patQuery = pageQueryOf(PAT_POSITION).extend({
  audience: z.string().max(2048).optional(),
  scope: z.string().max(LONGEST).optional(),
  status: patShape.status.optional(),
});

export function toWire(pat: Pat) {
  return {
    id: pat.id,
    name: pat.name,
    scopes: [...pat.scopes],
    audience: pat.audience,
    format: pat.format,
    created_at: pat.createdAt.toISOString(),
    expires_at: pat.expiresAt.toISOString(),
    last_used_at: pat.lastUsedAt?.toISOString() ?? null,
    last_used_ip: pat.lastUsedIp ?? null,
    ip: pat.ip ?? null,
    user_agent: pat.userAgent ?? null,
    status: pat.status,
    replaced_at: pat.replacedAt?.toISOString() ?? null,
  };
}

/** What the record says of one that was made. */
export const recordOf = ({ id, name, scopes, audience, format, expires_at }: ReturnType<typeof toWire>) => ({
  pat_id: id,
  name,
  scopes,
  audience,
  format,
  expires_at,
});
